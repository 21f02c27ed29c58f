// Package common takes the place of Tencent Cloud's SDK, which is not served to everyone: just what
// flannel's backend for that cloud needs in order to be compiled. The tests never use the backend.
package common

func pointer[T any](value T) *T { return &value }

func StringPtr(value string) *string { return pointer(value) }
func BoolPtr(value bool) *bool       { return pointer(value) }

func StringPtrs(values []string) []*string {
	pointers := []*string{}
	for _, value := range values {
		pointers = append(pointers, pointer(value))
	}
	return pointers
}
