#!/bin/sh
# The newest language host that Go's module proxy has takes `runtime.options.typescript` of Pulumi.yaml
# as a flag, which engines of today do not give it: they tell it in a way that it does not know yet.
if grep -qs '^    typescript: false' Pulumi.yaml; then
	set -- -typescript=false "$@"
fi
exec "${0%/*}/language-nodejs-host" "$@"
