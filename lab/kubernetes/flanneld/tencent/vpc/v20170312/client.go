// Package v20170312 takes the place of the network part of Tencent Cloud's SDK: whatever is asked of
// that cloud is refused.
package v20170312

import "errors"

var errRefused = errors.New("flanneld was built without Tencent Cloud")

type Filter struct {
	Name   *string
	Values []*string
}

type Route struct {
	RouteId              *uint64
	DestinationCidrBlock *string
	GatewayType          *string
	GatewayId            *string
	RouteType            *string
	Enabled              *bool
}

type RouteTable struct {
	RouteTableId *string
	RouteSet     []*Route
}

type routeTables struct{ RouteTableSet []*RouteTable }

type DescribeRouteTablesRequest struct{ Filters []*Filter }
type DescribeRouteTablesResponse struct{ Response *routeTables }

type changeRoutes struct {
	RouteTableId *string
	Routes       []*Route
}

type CreateRoutesRequest struct{ changeRoutes }
type DeleteRoutesRequest struct{ changeRoutes }

func NewDescribeRouteTablesRequest() *DescribeRouteTablesRequest {
	return &DescribeRouteTablesRequest{}
}
func NewCreateRoutesRequest() *CreateRoutesRequest { return &CreateRoutesRequest{} }
func NewDeleteRoutesRequest() *DeleteRoutesRequest { return &DeleteRoutesRequest{} }

type Client struct{}

func NewClientWithSecretId(_, _, _ string) (*Client, error) { return &Client{}, nil }

func (*Client) DescribeRouteTables(*DescribeRouteTablesRequest) (*DescribeRouteTablesResponse, error) {
	return nil, errRefused
}

func (*Client) CreateRoutes(*CreateRoutesRequest) (any, error) { return nil, errRefused }
func (*Client) DeleteRoutes(*DeleteRoutesRequest) (any, error) { return nil, errRefused }
