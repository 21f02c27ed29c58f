//go:build tools

package opentofu

import _ "github.com/opentofu/opentofu/cmd/tofu"
