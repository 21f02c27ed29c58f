// Pulumi's openstack plugin 3.15.2, as far as this project uses it: the Terraform provider and the
// bridge are the published modules that the official plugin is made of, this file maps the names.
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/terraform-provider-openstack/terraform-provider-openstack/openstack"
)

const (
	name    = "openstack"
	version = "3.15.2"
)

func main() {
	secret := true
	tfbridge.Main(name, version, tfbridge.ProviderInfo{
		P:       shimv2.NewProvider(openstack.Provider()),
		Name:    name,
		Version: version,
		// What can also be set by environment variables; the Terraform provider itself reads the others.
		Config: map[string]*tfbridge.SchemaInfo{
			"allow_reauth":  fromEnvironment("OS_ALLOW_REAUTH"),
			"cloud":         fromEnvironment("OS_CLOUD"),
			"delayed_auth":  fromEnvironment("OS_DELAYED_AUTH"),
			"endpoint_type": fromEnvironment("OS_ENDPOINT_TYPE"),
			"insecure":      fromEnvironment("OS_INSECURE"),
			"password":      {Secret: &secret},
			"region":        fromEnvironment("OS_REGION_NAME"),
			"swauth":        fromEnvironment("OS_SWAUTH"),
			"use_octavia":   fromEnvironment("OS_USE_OCTAVIA"),
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"openstack_networking_router_route_v2": {Tok: "openstack:networking/routerRoute:RouterRoute"},
			"openstack_networking_subnet_route_v2": {Tok: "openstack:networking/subnetRoute:SubnetRoute"},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"openstack_identity_auth_scope_v3": {Tok: "openstack:identity/getAuthScope:getAuthScope"},
		},
	}, []byte("{}"))
}

func fromEnvironment(variable string) *tfbridge.SchemaInfo {
	return &tfbridge.SchemaInfo{Default: &tfbridge.DefaultInfo{EnvVars: []string{variable}}}
}
