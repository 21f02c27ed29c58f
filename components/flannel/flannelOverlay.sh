#!/bin/sh
# Puts the flannel overlay into a cluster with kubectl, and removes it.
#
#   apply      apply the manifest, and wait until every node has the overlay
#   remove     delete the objects of the owner
#   look       print what apply would change or wait for, and change nothing (see look)
#
# Standard input: one fact per line in exactly this order, then the manifest, then this script itself between two
# lines of its own (check_input checks the form of each fact):
#   owner NAME                    owner of the objects: the value of the label $LABEL
#   kubectl COMMAND
#   kubeconfig PATH               optional
#   adopt yes|no                  whether to take over objects with these names that somebody else made
#   namespace NAME
#   timeout SECONDS               for the rollout
#   node NAME CIDR,CIDR IP,IP     pod CIDRs and internal IPs of a node that runs pods
#   manifest                      the lines after it are YAML
#   --- script                    what follows is this script, and the line --- end
#
# Nothing is written to the file system, because the manifest may contain a key.
set -eu

LABEL='pod-network-routes/owner'
MANAGER='pod-network-routes'
DAEMONSET=kube-flannel-ds
# The kinds of the objects that apply creates, in the order in which they can be deleted.
KINDS=daemonsets,configmaps,serviceaccounts,clusterrolebindings,clusterroles,namespaces
# Seconds that a node may take to announce its address once flannel runs there.
PATIENCE=30
# Seconds that one request of kubectl may take, and one call of kubectl, which sends several requests.
REQUEST=60
CALL=300
# Bytes that are read of the input, and of what kubectl prints. 10,000 nodes need less than half of it.
MOST=8388608
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin
# so that [a-z] matches these 26 letters only
LC_ALL=C
export PATH LC_ALL

# Printed when the script ends because a command failed. The command itself has printed why.
LEFT='nothing was changed'

# --- messages ------------------------------------------------------------------------------------

say() {
	printf '%s\n' "$*" | sed 's/^/pod-network-routes: /' >&2
}

die() {
	say "$*"
	LEFT=
	exit 1
}

leave() {
	[ "$1" = 0 ] || [ -z "$LEFT" ] || say "$LEFT"
}

# Prints text of another program so that no line of it looks like one of this script: printable ASCII, the
# last $2 lines, 300 characters of each, with $1 in front. `<{%` would begin a colour of Pulumi's.
plain() {
	head -c 65536 | tr -c '\n\040-\176' '?' | tail -n "$2" | cut -c 1-300 | sed "s/<{%/<{ %/g; s/^/$1: /"
}

# Prints at most $1 lines, and how many more there are.
at_most() {
	awk -v most="$1" 'NR <= most { print } END { if (NR > most) print NR - most " more" }'
}

# --- the input -----------------------------------------------------------------------------------

# Checks that the input has exactly the form that components/flannel/flannelCommand.ts writes. If it has not,
# prints what is wrong and fails. Regular expressions with a / in brackets are strings, because awk of busybox
# would read \/ in brackets as a backslash and a slash.
check_input() {
	awk '
		function expect(right, what) {
			if (right) return
			print "line " NR ": expected " what
			wrong = 1
			exit 1
		}
		function label_value(text) { return length(text) <= 63 && text ~ /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/ }
		function label(text) { return length(text) <= 63 && text ~ /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/ }
		function subdomain(text,   part, n, i) {
			n = split(text, part, ".")
			for (i = 1; i <= n; i++) if (!label(part[i])) return 0
			return n > 0 && length(text) <= 253
		}
		function integer(text, least, most) { return length(text) <= 5 && text ~ /^[1-9][0-9]*$/ && text + 0 >= least && text + 0 <= most }
		function ipv4(text,   i) {
			if (split(text, byte, ".") != 4) return 0
			for (i = 1; i <= 4; i++) if (byte[i] != "0" && !integer(byte[i], 1, 255)) return 0
			return 1
		}
		# Whether an address has the form of RFC 5952, where "::" replaces the first of the longest runs of zeros.
		function ipv6(text,   gap, head, tail, heads, tails, i, run, longest, start, again) {
			# no host has an IPv4-mapped address
			if (length(text) > 39 || text ~ /^::ffff:[0-9a-f]+:[0-9a-f]+$/) return 0
			gap = index(text, "::")
			heads = split(gap ? substr(text, 1, gap - 1) : text, head, ":")
			tails = gap ? split(substr(text, gap + 2), tail, ":") : 0
			if (gap ? heads + tails > 6 : heads != 8) return 0
			run = longest = start = 0
			for (i = 1; i <= 8; i++) {
				group[i] = i <= heads ? head[i] : i > 8 - tails ? tail[i - 8 + tails] : "0"
				if (group[i] !~ /^(0|[1-9a-f][0-9a-f]?[0-9a-f]?[0-9a-f]?)$/) return 0
				run = group[i] "" == "0" ? run + 1 : 0
				if (run > 1 && run > longest) { longest = run; start = i - run + 1 }
			}
			again = ""
			for (i = 1; i <= 8; i++) {
				if (i == start) again = again "::"
				if (start && i >= start && i < start + longest) continue
				again = again (again == "" || again ~ /::$/ ? "" : ":") group[i]
			}
			return again "" == text ""
		}
		function family(text) { return ipv4(text) ? 4 : ipv6(text) ? 6 : 0 }
		function hexadecimal(text,   i, value) {
			value = 0
			for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
			return value
		}
		# The family of a CIDR without host bits, at least /8 (IPv4) or /16 (IPv6); 0 if it is none.
		function cidr(text,   part, of, size, i, n, bits, unit, value) {
			if (split(text, part, "/") != 2 || !(of = family(part[1])) || !integer(part[2], of == 4 ? 8 : 16, of == 4 ? 32 : 128)) return 0
			size = of == 4 ? 8 : 16
			for (i = 1; i <= (of == 4 ? 4 : 8); i++) {
				bits = i * size - part[2]
				# awk of busybox may not have the operator ^
				unit = 1
				for (n = 0; n < bits && n < size; n++) unit *= 2
				value = of == 4 ? byte[i] : hexadecimal(group[i])
				if (value % unit) return 0
			}
			return of
		}
		# Whether a list has one CIDR, or one of each family.
		function cidrs(text,   part, n) {
			n = split(text, part, ",")
			return n == 1 ? cidr(text) : n == 2 ? cidr(part[1]) * cidr(part[2]) == 24 : 0
		}
		function addresses(text,   part, n) {
			n = split(text, part, ",")
			return n == 1 ? family(text) : n == 2 ? family(part[1]) * family(part[2]) == 24 : 0
		}

		BEGIN { FS = "[ ]"; next_fact = "owner" }
		next_fact == "script" { next }
		/[^ -~]/ { expect(0, "printable ASCII") }
		next_fact != "end" { expect(length($0) <= 1100, "at most 1100 characters") }

		next_fact == "owner" {
			expect($1 == "owner" && NF == 2 && label_value($2), "owner NAME")
			next_fact = "kubectl"
			next
		}
		next_fact == "kubectl" {
			expect($1 == "kubectl" && NF == 2 && length($2) <= 1024 && $2 ~ "^([A-Za-z0-9_.][A-Za-z0-9_.-]*|/[A-Za-z0-9_./-]+)$", "kubectl NAME-OR-PATH")
			next_fact = "kubeconfig"
			next
		}
		next_fact == "kubeconfig" && $1 == "kubeconfig" {
			expect(NF == 2 && length($2) <= 1024 && $2 ~ "^/[A-Za-z0-9_./@+-]+$", "kubeconfig PATH")
			next_fact = "adopt"
			next
		}
		next_fact == "kubeconfig" || next_fact == "adopt" {
			expect($0 == "adopt yes" || $0 == "adopt no", "adopt yes|no")
			next_fact = "namespace"
			next
		}
		next_fact == "namespace" {
			expect($1 == "namespace" && NF == 2 && label($2), "namespace NAME")
			next_fact = "timeout"
			next
		}
		next_fact == "timeout" {
			expect($1 == "timeout" && NF == 2 && integer($2, 10, 86400), "timeout SECONDS, 10 to 86400")
			next_fact = "node"
			next
		}
		next_fact == "node" && $0 == "manifest" && nodes > 0 {
			next_fact = "end"
			next
		}
		next_fact == "node" {
			expect($1 == "node" && NF == 4 && subdomain($2) && cidrs($3) && addresses($4), "node NAME CIDRS IPS, or manifest once there is a node")
			expect(!seen[$2]++, "another name than that of a node before")
			expect(++nodes <= 10000, "at most 10000 nodes")
			next
		}
		next_fact == "end" && $0 == "--- script" {
			next_fact = "script"
			next
		}
		next_fact == "end" {
			size += length($0) + 1
			expect(size <= 1048576, "a manifest of at most 1 MiB")
		}
		END {
			if (wrong) exit 1
			if (next_fact == "script") exit 0
			print "it is cut short"
			exit 1
		}
	'
}

fact() {
	printf '%s\n' "$FACTS" | sed -n "s/^$1 //p"
}

read_input() {
	# shells drop a NUL and awk stops at it, so it becomes a tab, which check_input refuses
	input=$(head -c "$MOST" | tr '\000' '\t')
	wrong=$(printf '%s\n' "$input" | check_input) ||
		die "nothing was changed, for the input is not what this script takes: ${wrong:-awk cannot read it}"
	FACTS=$(printf '%s\n' "$input" | sed '/^manifest$/,$d')
	MANIFEST=$(printf '%s\n' "$input" | sed '1,/^manifest$/d; /^--- script$/,$d')
	OWNER=$(fact owner)
	KUBECTL=$(fact kubectl)
	KUBECONFIG_FACT=$(fact kubeconfig)
	ADOPT=$(fact adopt)
	NAMESPACE=$(fact namespace)
	TIMEOUT=$(fact timeout)
	# node|NAME|CIDR,CIDR|IP,IP
	NODES=$(printf '%s\n' "$FACTS" | sed -n '/^node /s/ /|/gp')
	trap 'leave $?' EXIT
}

# --- kubectl -------------------------------------------------------------------------------------

# Runs a command for at most $1 seconds, if the timeout of this host can kill.
within() {
	if timeout -k 1 9 true 2>/dev/null; then timeout -k 5 "$@"; else shift && "$@"; fi
}

k() {
	within "$CALL" "$KUBECTL" --request-timeout="${REQUEST}s" "$@"
}

# Runs a command and prints its output. Fails if the command fails, or if the output has $MOST bytes or more.
# The errors of the command are printed by plain.
bounded() {
	# file descriptor 3 carries the output of the command, and its exit code as the last line
	out=$({
		{
			status=0
			"$@" 2>&1 >&3 || status=$?
			printf '\n%s' "$status" >&3
		} | plain 'kubectl says' 20 >&2
	} 3>&1 | tr '\000' '?' | {
		head -c "$MOST"
		# without it, the last line of an output that head cut off could be read as the exit code
		echo .
	})
	out=${out%.}
	if [ "${#out}" -ge "$MOST" ]; then
		echo "kubectl printed $MOST bytes or more, which are not read" >&2
		return 1
	fi
	status=${out##*"
"}
	out=${out%"
$status"}
	printf '%s' "$out"
	case $status in 124 | 137) echo "kubectl took too long and was ended" >&2 ;; esac
	[ "$status" = 0 ]
}

ask() {
	bounded k "$@"
}

# Lets kubectl change something, and prints its output by plain.
change() {
	said=$(ask "$@") && failed=0 || failed=$?
	[ -z "$said" ] || printf '%s\n' "$said" | plain 'kubectl says' 20
	return "$failed"
}

# Finds kubectl and its kubeconfig, and checks that the API server answers it.
need_cluster() {
	# a path, so that no builtin of the shell is used
	case $(command -v "$KUBECTL") in
	/*) KUBECTL=$(command -v "$KUBECTL") ;;
	*) die "this host has no $KUBECTL: install it, or set flannel.kubectl to its path, or flannel.controller to a node that has it" ;;
	esac
	user=$(id -un | tr -c 'A-Za-z0-9._\n-' '?')
	if [ -n "$KUBECONFIG_FACT" ]; then
		[ -r "$KUBECONFIG_FACT" ] ||
			die "flannel.kubeconfig: $user cannot read $KUBECONFIG_FACT on this host"
		export KUBECONFIG="$KUBECONFIG_FACT"
	elif [ -z "${KUBECONFIG-}" ] && [ ! -e "${HOME-}/.kube/config" ] && [ -r /etc/kubernetes/admin.conf ]; then
		# kubeadm writes it there
		export KUBECONFIG=/etc/kubernetes/admin.conf
	fi
	# the environment of the host may contain any text
	case ${KUBECONFIG-} in
	'' | *[!A-Za-z0-9_./@+-]*) option= ;;
	*) option=" --kubeconfig $KUBECONFIG" ;;
	esac
	hint="for a look at it: kubectl$option get --raw /readyz"
	[ -n "${KUBECONFIG-}" ] || [ -e "${HOME-}/.kube/config" ] || hint="$hint
there is no kubeconfig of $user, set flannel.kubeconfig, for example to /etc/kubernetes/admin.conf"
	said=$(REQUEST=10 && ask get --raw /version 2>&1 >/dev/null) ||
		die "kubectl cannot use the API server; nothing was changed:
$(printf '%s\n' "$said" | tail -n 3)
$hint"
}

# --- the cluster as it is ------------------------------------------------------------------------

# With these templates kubectl prints rows of values, each in quotes and escaped by Go ("%+q"), so that a
# value cannot look like two values, like a row or like a part of a command.
QUOTE='{{define "q"}}{{if .}}{{printf "%+q" .}}{{else}}""{{end}}{{end}}'
END='{{"\n"}}'

# Lets kubectl print rows by template $1, and prints their values as VALUE|VALUE. A value with characters that
# no name, address or CIDR has, or longer than a name may be, becomes (unreadable). Fails if kubectl printed
# anything but rows.
rows() {
	template=$1
	shift
	quoted=$(ask "$@" -o go-template="$QUOTE$template") || return
	printf '%s\n' "$quoted" | awk -F '"' '
		$0 == "" { next }
		{
			gsub(/\\./, "?")
			row = ""
			fits = NF % 2 == 1 && $1 == ""
			for (i = 2; i < NF; i += 2) {
				if ($(i + 1) != (i + 1 == NF ? "" : " ")) fits = 0
				row = row (i > 2 ? "|" : "") ($i ~ "^[A-Za-z0-9.:/_-]*$" && length($i) <= 253 ? $i : "(unreadable)")
			}
			if (fits) print row; else strange++
		}
		END { if (strange) exit 1 }
	' || {
		echo "kubectl printed something else than was asked for; it is not used" >&2
		return 1
	}
}

# Prints objects as KIND|NAMESPACE|NAME|OWNER. A row that cannot be an object of ours, or that kubectl could
# read as an option, gets a first value "strange".
objects() {
	listed=$(rows "{{range .items}}{{template \"q\" .kind}} {{template \"q\" .metadata.namespace}} {{template \"q\" .metadata.name}} {{with .metadata.labels}}{{template \"q\" (index . \"$LABEL\")}}{{else}}\"\"{{end}}$END{{end}}" "$@") || return
	printf '%s\n' "$listed" | awk -F '|' '
		$0 == "" { next }
		function fits() {
			if (NF != 4 || $3 !~ /^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$/ || $4 == "(unreadable)") return 0
			if ($1 ~ /^(Namespace|ClusterRole|ClusterRoleBinding)$/) return $2 == ""
			return $1 ~ /^(DaemonSet|ConfigMap|ServiceAccount)$/ && $2 ~ /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/
		}
		{ print (fits() ? "" : "strange|") $0 }
	'
}

# The objects of the manifest that the cluster has. They are read from standard input, for which kubectl prints
# a list even if there is one object.
declared_objects() {
	printf '%s\n' "$MANIFEST" | objects get -f - --ignore-not-found
}

# All objects of the owner.
owned_objects() {
	objects get "$KINDS" -A -l "$LABEL=$OWNER"
}

# The nodes with their pod CIDRs, as have|NODE|CIDR|CIDR.
nodes_there() {
	rows "{{range .items}}\"have\" {{template \"q\" .metadata.name}}{{range .spec.podCIDRs}} {{template \"q\" .}}{{end}}$END{{end}}" get nodes
}

# Prints what keeps flannel from running on the nodes, one line each. The program has checked the inventory itself.
unfit_nodes() {
	printf '%s\n%s\n' "$have" "$NODES" | awk -F '|' '
		# the same CIDRs in any order
		function same(a, b, x, n, i) {
			n = split(a, x, ",")
			for (i = 1; i <= n; i++) if (!index("," b ",", "," x[i] ",")) return 0
			return length(a) == length(b)
		}
		$1 == "have" && $2 == "(unreadable)" { print "Kubernetes has a node with a name that cannot be one"; next }
		$1 == "have" {
			for (i = 3; i <= NF; i++) have[$2] = have[$2] (i > 3 ? "," : "") $i
			known[$2] = 1
			if (NF == 2) print $2 " has no pod CIDR in Kubernetes, without which flannel does not start there: give kube-controller-manager --allocate-node-cidrs=true and --cluster-cidr"
			next
		}
		$1 != "node" { next }
		!($2 in known) { print $2 " is no node of this cluster; its nodes are shown by: kubectl get nodes"; next }
		have[$2] != "" && !same(have[$2], $3) { print $2 " has pod CIDR " have[$2] " in Kubernetes, the inventory says " $3 }
	'
}

# Prints objects of somebody else that have the names of ours, and other DaemonSets of flannel.
foreign_objects() {
	printf '%s\n%s\n' "$declared" "$flannels" | awk -F '|' '
		$1 == "strange" { print "Kubernetes has an object that cannot be one: " $2 " " $3 "/" $4 }
	'
	if [ "$ADOPT" = no ]; then
		printf '%s\n' "$declared" | awk -F '|' -v owner="$OWNER" '
			$0 == "" || $1 == "strange" { next }
			$4 != owner { print $1 " " ($2 == "" ? "" : $2 "/") $3 " is there already and was made by " ($4 == "" ? "somebody else" : $4) "; set adoptExisting to take it over, or remove it" }
		'
	fi
	printf '%s\n' "$flannels" | awk -F '|' -v owner="$OWNER" -v ours="$NAMESPACE/$DAEMONSET" '
		$0 == "" || $1 == "strange" { next }
		$4 != owner && $2 "/" $3 != ours { print "the cluster has another flannel; remove it first: kubectl -n " $2 " delete daemonset " $3 }
	'
}

# Ends the script if the nodes or the objects of the cluster do not allow this overlay.
need_fit_cluster() {
	have=$(nodes_there)
	declared=$(declared_objects)
	flannels=$(objects get daemonsets -A -l app=flannel)
	wrong=$(
		unfit_nodes
		foreign_objects
	)
	[ -z "$wrong" ] || die "nothing was changed:
$(printf '%s\n' "$wrong" | at_most 100)"
}

# --- apply ---------------------------------------------------------------------------------------

# Applies the manifest of standard input, and overwrites fields that another manager has set, because the
# objects are ours.
server_side_apply() {
	change apply --server-side --force-conflicts --field-manager="$MANAGER" "$@" -f -
}

# Prints the manifest for a dry run. The API server refuses objects in a namespace that does not exist yet, so
# they are put into the namespace default then.
rehearsal() {
	there=$(ask get namespace "$NAMESPACE" --ignore-not-found -o name) || return
	if [ -z "$there" ]; then
		printf '%s\n' "$MANIFEST" | sed "s/^\( *namespace: \)\"\{0,1\}$NAMESPACE\"\{0,1\}\$/\1default/"
	else
		printf '%s\n' "$MANIFEST"
	fi
}

# Lets the API server check all objects and our permissions before the first change.
rehearse() {
	rehearsal=$(rehearsal)
	said=$(printf '%s\n' "$rehearsal" | server_side_apply --dry-run=server 2>&1 >/dev/null) ||
		die "the API server refuses the manifest; nothing was changed:
$said"
}

what_stays() {
	echo "the objects of $LABEL=$OWNER stay; once it is fixed: $AGAIN"
	echo "to take them out by hand: kubectl delete $KINDS -A -l $LABEL=$OWNER"
}

# The pods of flannel as NAME|NODE|PHASE|READY|REASON..., where READY is true or false for each container.
pods() {
	reasons='{{with .state}}{{with .waiting}} {{template "q" .reason}}{{end}}{{end}}'
	rows "{{range .items}}{{template \"q\" .metadata.name}} {{template \"q\" .spec.nodeName}} {{template \"q\" .status.phase}} \"{{range .status.containerStatuses}}{{if .ready}}true{{else}}false{{end}}{{end}}\"{{range .status.initContainerStatuses}}$reasons{{end}}{{range .status.containerStatuses}}$reasons{{end}}$END{{end}}" -n "$NAMESPACE" get pods -l app=flannel
}

# Prints on how many nodes flannel is ready, if kubectl can tell.
coverage() {
	{ ask -n "$NAMESPACE" get daemonset "$DAEMONSET" -o jsonpath='{.status.desiredNumberScheduled} {.status.numberAvailable}' || :; } |
		awk 'NR == 1 && /^[0-9]* [0-9]*$/ { print $2 + 0 " of " $1 + 0 " nodes have it" }'
}

# Prints the pods that are not ready, and the last lines of the log of one of them.
explain_rollout() {
	coverage
	pods=$(pods) || :
	pods=$(printf '%s\n' "$pods" | awk -F '|' '$0 != "" && $4 != "true"')
	printf '%s\n' "$pods" | awk -F '|' '
		$0 == "" { next }
		{ line = $2 ": " $3; for (i = 5; i <= NF && i < 9; i++) line = line " " $i; print line }
	' | at_most 5
	pod=$(printf '%s\n' "$pods" | awk -F '|' '$1 ~ /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/ && !found { print $1; found = 1 }')
	if [ -n "$pod" ]; then
		{ ask -n "$NAMESPACE" logs "$pod" -c kube-flannel --tail=5 2>/dev/null || :; } | plain 'flannel says' 5
	fi
	echo "for a look at them: kubectl -n $NAMESPACE get pods -l app=flannel -o wide"
}

rollout() {
	within "$((TIMEOUT + 60))" "$KUBECTL" -n "$NAMESPACE" rollout status "daemonset/$DAEMONSET" --timeout="${TIMEOUT}s"
}

await_rollout() {
	said=$(bounded rollout 2>&1 >/dev/null) ||
		die "flannel does not run on every node after $TIMEOUT s:
$(printf '%s\n' "$said" | tail -n 1)
$(explain_rollout 2>&1)
$(what_stays)"
}

# The addresses that each node announces to the others, as have|NODE|IPV4|IPV6.
announced() {
	prefix='flannel.alpha.coreos.com'
	rows "{{range .items}}\"have\" {{template \"q\" .metadata.name}} {{with .metadata.annotations}}{{template \"q\" (index . \"$prefix/public-ip\")}} {{template \"q\" (index . \"$prefix/public-ipv6\")}}{{else}}\"\" \"\"{{end}}$END{{end}}" get nodes
}

# Prints the nodes whose announced address in $1 is not their internal IP. Then flanneld uses the wrong
# interface: everything is ready, and no packet arrives.
other_addresses() {
	printf '%s\n%s\n' "$1" "$NODES" | awk -F '|' '
		$1 == "have" { ipv4[$2] = $3; ipv6[$2] = $4; next }
		$1 != "node" { next }
		{
			n = split($4, wanted, ",")
			for (i = 1; i <= n; i++) {
				told = wanted[i] ~ /:/ ? ipv6[$2] : ipv4[$2]
				if (told == "") print $2 " has not told the others its address"
				else if (told != wanted[i]) print $2 " tells the others to send to " (told ~ /^[0-9a-f.:]+$/ ? told : "what is no address") ", its internal IP is " wanted[i]
			}
		}
	'
}

# Asks for the announced addresses, and prints the nodes with another one. If kubectl fails, prints why.
wrong_addresses() {
	told=$(announced 2>&1) || {
		echo "kubectl get nodes failed"
		printf '%s\n' "$told" | grep -E '^kubectl (says:|printed|took) ' || :
		return
	}
	other_addresses "$told"
}

await_addresses() {
	until=$(($(date +%s) + PATIENCE))
	while wrong=$(wrong_addresses | head -n 10) && [ -n "$wrong" ]; do
		if [ "$(date +%s)" -ge "$until" ]; then
			case $wrong in
			*' tells the others '*) die "flannel runs on the wrong interface, so that packets do not arrive:
$wrong
choose the one that has the internal IP with flannel.interfaces, for example {names: [enp0s8]} or {cidrs: [SUBNET OF THE INTERNAL IPS]}
$(what_stays)" ;;
			*) die "flannel is not at work on every node, so that packets do not arrive:
$wrong
a taint that flannel.tolerations does not bear keeps flannel away: kubectl describe node NAME
$(what_stays)" ;;
			esac
		fi
		sleep 1
	done
}

apply() {
	AGAIN='pulumi up'
	read_input
	need_cluster
	need_fit_cluster
	rehearse
	LEFT=$(what_stays)
	printf '%s\n' "$MANIFEST" | server_side_apply || die "the manifest was applied in part
$(what_stays)"
	await_rollout
	await_addresses
	wanted=$(declared_objects)
	take_away "$wanted"
}

# --- remove --------------------------------------------------------------------------------------

# Prints the objects of list $2 that are not in list $1.
not_in() {
	{
		[ -z "$1" ] || printf '%s\n' "$1" | sed 's/^/wanted|/'
		printf '%s\n' "$2"
	} | awk '
		/^wanted\|/ { wanted[substr($0, 8)] = 1; next }
		$0 != "" && !($0 in wanted) { print }
	'
}

# Deletes the objects of the owner that are not in list $1.
take_away() {
	owned=$(owned_objects)
	not_in "$1" "$owned" | while IFS='|' read -r kind namespace name whose; do
		if [ "$kind" = strange ] || [ "$whose" != "$OWNER" ]; then
			echo "left alone: what is listed as ours and cannot be: $kind $namespace $name $whose"
		elif [ "$kind" = Namespace ]; then
			take_namespace_away "$name" </dev/null
		else
			change delete "$kind" "$name" ${namespace:+-n "$namespace"} --ignore-not-found --timeout=60s </dev/null
		fi
	done
}

# Deletes namespace $1 if it contains no objects but those that are deleted with it or that Kubernetes makes.
take_namespace_away() {
	kinds=$(ask api-resources --namespaced --verbs=list -o name)
	if printf '%s\n' "$kinds" | grep -qv '^[a-z0-9][a-z0-9.-]*$'; then
		say "kubectl api-resources printed what is the name of no kind"
		return 1
	fi
	# Kubernetes makes events by itself, and metrics are not stored objects
	kinds=$(printf '%s\n' "$kinds" | grep -Ev '^events(\.events\.k8s\.io)?$|\.metrics\.k8s\.io$' | paste -s -d , -)
	inside=$(ask get "$kinds" -n "$1" --ignore-not-found -o name)
	others=$(printf '%s\n' "$inside" | grep -Ev "^\$|^serviceaccount/default\$|^configmap/kube-root-ca.crt\$|^(pod|controllerrevision\.apps)/$DAEMONSET-[a-z0-9]+\$" || :)
	if [ -n "$others" ]; then
		echo "left alone: namespace $1, in which is what is not ours:"
		printf '%s\n' "$others" | plain 'kubectl says' 20
	else
		change delete namespace "$1" --ignore-not-found --timeout=120s
	fi
}

remove() {
	AGAIN='pulumi up, or pulumi destroy'
	read_input
	need_cluster
	LEFT=$(what_stays)
	take_away ''
}

# --- look ----------------------------------------------------------------------------------------

# A template for all fields that the manifest sets, on one line per object. This script does not print them,
# because they may contain a key.
CONTENTS="{{range .items}}{{template \"q\" .kind}} {{template \"q\" .metadata.namespace}} {{template \"q\" .metadata.name}} {{printf \"%+q\" (printf \"%v %v %v %v %v %v\" .metadata.labels .spec .data .rules .roleRef .subjects)}}$END{{end}}"

# Prints the objects as they would be after apply, by the template CONTENTS.
rehearsed_contents() {
	rehearsal=$(rehearsal) || return
	printf '%s\n' "$rehearsal" | ask apply --server-side --force-conflicts --field-manager="$MANAGER" --dry-run=server -f - -o go-template="$QUOTE$CONTENTS"
}

# Prints the objects of the manifest that are missing, and those that apply would change.
look_at_objects() {
	as_is=$(printf '%s\n' "$MANIFEST" | ask get --ignore-not-found -f - -o go-template="$QUOTE$CONTENTS")
	as_wanted=$(rehearsed_contents)
	printf '%s\n' "$as_is" '--- wanted' "$as_wanted" | awk -v place="$NAMESPACE" -F '"' '
		$0 == "" { next }
		$0 == "--- wanted" { wanted = 1; elsewhere = !(("Namespace - " place) in is); next }
		# the dry run used the namespace default if the real one does not exist yet
		{ name = $2 " " ($4 == "" ? "-" : place) " " $6 }
		$1 $3 $5 $7 != "   " || name !~ /^[A-Za-z]+ [a-z0-9-]+ [a-z0-9.:-]+$/ { strange++; next }
		!wanted { is[name] = $0; next }
		!(name in is) { print "missing " name; next }
		elsewhere { gsub(/ namespace:default]/, " namespace:" place "]") }
		is[name] != $0 { print "differs " name }
		END { if (strange) exit 1 }
	' || {
		echo "kubectl printed something else than was asked for; it is not used" >&2
		return 1
	}
}

# Prints the nodes where flannel is not ready, and those without a pod of flannel.
look_at_pods() {
	there=$(pods)
	{
		[ -z "$there" ] || printf '%s\n' "$there" | sed 's/^/pod|/'
		printf '%s\n' "$NODES"
	} | awk -F '|' '
		$1 == "node" { if (!($2 in pod)) print "absent " $2; next }
		{ pod[$3] = 1 }
		$5 != "true" {
			line = "unready " $3 " " $2 " " ($4 == "" ? "-" : $4)
			for (i = 6; i <= NF && i < 10; i++) line = line " " $i
			print line
		}
	'
}

# Prints `using KUBECTL`, followed by --kubeconfig PATH if that is not kubectl's default, then one line per
# finding, then `looked`:
#   unfit TEXT                            a reason why apply would refuse the cluster
#   missing KIND NAMESPACE NAME           an object of the manifest; NAMESPACE is - if it has none
#   differs KIND NAMESPACE NAME           an object that apply would change
#   stale KIND NAMESPACE NAME             an object of the owner that is not in the manifest
#   rollout TEXT                          the DaemonSet does not run on every node
#   absent NODE                           a node without a pod of flannel
#   unready NODE POD PHASE REASON...      a node whose pod of flannel is not ready
#   address NODE TEXT                     a node that does not announce its internal IP
look() {
	read_input
	need_cluster
	echo "using $KUBECTL$option"
	have=$(nodes_there)
	declared=$(declared_objects)
	flannels=$(objects get daemonsets -A -l app=flannel)
	{
		unfit_nodes
		foreign_objects
	} | sed 's/^/unfit /'
	look_at_objects
	owned=$(owned_objects)
	not_in "$declared" "$owned" |
		awk -F '|' '$1 != "strange" { print "stale " $1 " " ($2 == "" ? "-" : $2) " " $3 }'
	if printf '%s\n' "$declared" | grep -q "^DaemonSet|$NAMESPACE|$DAEMONSET|"; then
		# long enough for a rollout that has already ended
		TIMEOUT=5
		bounded rollout >/dev/null 2>&1 || echo "rollout $(coverage)"
		look_at_pods
		told=$(announced)
		other_addresses "$told" | sed 's/^/address /'
	fi
	echo looked
}

case ${1-} in
apply) apply ;;
remove) remove ;;
look) look ;;
*) die "usage: apply | remove | look" ;;
esac
