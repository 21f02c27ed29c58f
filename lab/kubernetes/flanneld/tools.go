//go:build tools

package flanneld

import _ "github.com/flannel-io/flannel"
