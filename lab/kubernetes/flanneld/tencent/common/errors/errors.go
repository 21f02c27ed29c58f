package errors

// TencentCloudSDKError is what the SDK reports; never made here.
type TencentCloudSDKError struct{}

func (*TencentCloudSDKError) Error() string { return "" }
