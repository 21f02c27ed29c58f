#!/bin/sh
# Puts the flannel overlay into a cluster with kubectl, and takes it out again.
#
#   apply      make the cluster as standard input says, and wait until every node has the overlay
#   remove     take out what belongs to the owner that standard input names
#
# Standard input, one fact a line, then the manifest, then this script itself:
#   owner NAME                    whose objects these are: the value of the label $LABEL
#   kubectl COMMAND
#   kubeconfig PATH               there may be none
#   adopt yes|no                  take over objects of these names that somebody else made
#   namespace NAME
#   timeout SECONDS               for the rollout
#   node NAME CIDR,CIDR IP,IP     what flannel needs to know of each node with pods
#   manifest                      all behind it is YAML
set -eu

LABEL='pod-network-routes/owner'
MANAGER='pod-network-routes'
DAEMONSET=kube-flannel-ds
# The kinds of which we ever make any, in the order in which they can be taken away.
KINDS=daemonsets,configmaps,serviceaccounts,clusterrolebindings,clusterroles,namespaces
# Seconds that a node may take to tell its address once flannel runs there.
PATIENCE=30
PATH=$PATH:/usr/local/bin:/snap/bin
export PATH
# the manifest may hold a key
umask 077

# What is said where a command fails that is not asked whether it did; it has said why itself.
LEFT='nothing was changed'

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
	rm -rf "$WORK"
}

k() {
	"$KUBECTL" --request-timeout=60s "$@"
}

fact() {
	sed -n "s/^$1 //p" "$WORK/facts"
}

read_input() {
	WORK=$(mktemp -d)
	trap 'leave $?' EXIT
	trap 'exit 129' HUP INT TERM
	sed '/^--- /,$d' >"$WORK/in"
	sed '/^manifest$/,$d' "$WORK/in" >"$WORK/facts"
	sed '1,/^manifest$/d' "$WORK/in" >"$WORK/manifest"
	OWNER=$(fact owner)
	NAMESPACE=$(fact namespace)
	KUBECTL=$(fact kubectl)
	KUBECONFIG_FACT=$(fact kubeconfig)
}

# Finds kubectl, its kubeconfig, and whether the API server takes us.
need_cluster() {
	command -v "$KUBECTL" >/dev/null ||
		die "this host has no $KUBECTL: install it, or set flannel.kubectl to its path, or flannel.controller to a node that has it"
	if [ -n "$KUBECONFIG_FACT" ]; then
		[ -r "$KUBECONFIG_FACT" ] ||
			die "flannel.kubeconfig: $(id -un) cannot read $KUBECONFIG_FACT on this host"
		export KUBECONFIG="$KUBECONFIG_FACT"
	elif [ -z "${KUBECONFIG-}" ] && [ ! -e "${HOME-}/.kube/config" ] && [ -r /etc/kubernetes/admin.conf ]; then
		# where kubeadm leaves it
		export KUBECONFIG=/etc/kubernetes/admin.conf
	fi
	hint="for a look at it: kubectl${KUBECONFIG:+ --kubeconfig $KUBECONFIG} get --raw /readyz"
	[ -n "${KUBECONFIG-}" ] || [ -e "${HOME-}/.kube/config" ] || hint="$hint
there is no kubeconfig of $(id -un), set flannel.kubeconfig, for example to /etc/kubernetes/admin.conf"
	said=$("$KUBECTL" --request-timeout=10s get --raw /version 2>&1 >/dev/null) ||
		die "kubectl cannot use the API server; nothing was changed:
$(printf '%s\n' "$said" | tail -n 3)
$hint"
}

# --- what is there -------------------------------------------------------------------------------

ROW="{.kind}|{.metadata.namespace}|{.metadata.name}|{.metadata.labels.$LABEL}"
ROWS="{range .items[*]}$ROW{\"\\n\"}{end}"

# The objects of the manifest that are there: KIND|NAMESPACE|NAME|OWNER. Of a file kubectl prints a
# single one as itself, of standard input as a list.
declared_objects() {
	k get -f - <"$WORK/manifest" --ignore-not-found -o jsonpath="$ROWS"
}

# All objects that are ours.
owned_objects() {
	k get "$KINDS" -A -l "$LABEL=$OWNER" -o jsonpath="$ROWS"
}

# What is wrong with the nodes for flannel, a line each; the rest of flanneld's demands are the plan's.
unfit_nodes() {
	sed -n '/^node /p' "$WORK/facts" | awk '
		# the same CIDRs, in whatever order
		function same(a, b, x, n, i) {
			n = split(a, x, ",")
			for (i = 1; i <= n; i++) if (!index("," b ",", "," x[i] ",")) return 0
			return length(a) == length(b)
		}
		$1 == "have" {
			name = $2
			$1 = $2 = ""
			sub(/^ +/, "")
			gsub(/ /, ",")
			have[name] = $0
			known[name] = 1
			if ($0 == "") print name " has no pod CIDR in Kubernetes, without which flannel does not start there: give kube-controller-manager --allocate-node-cidrs=true and --cluster-cidr"
			next
		}
		!($2 in known) { print $2 " is no node of this cluster; its nodes are shown by: kubectl get nodes"; next }
		have[$2] != "" && !same(have[$2], $3) { print $2 " has pod CIDR " have[$2] " in Kubernetes, the inventory says " $3 }
	' "$WORK/nodes" -
}

# Objects that somebody else made and that ours would take the place of, or work against.
foreign_objects() {
	if [ "$(fact adopt)" = no ]; then
		awk -F '|' -v owner="$OWNER" '
			$4 != owner { print $1 " " ($2 == "" ? "" : $2 "/") $3 " is there already and was made by " ($4 == "" ? "somebody else" : $4) "; set adoptExisting to take it over, or remove it" }
		' "$WORK/declared"
	fi
	awk -F '|' -v owner="$OWNER" -v ours="$NAMESPACE/$DAEMONSET" '
		$4 != owner && $2 "/" $3 != ours { print "the cluster has another flannel; remove it first: kubectl -n " $2 " delete daemonset " $3 }
	' "$WORK/flannels"
}

# Looks at all that could be in the way, and dies of it.
need_fit_cluster() {
	k get nodes -o jsonpath='{range .items[*]}have {.metadata.name} {.spec.podCIDRs[*]}{"\n"}{end}' >"$WORK/nodes"
	declared_objects >"$WORK/declared"
	k get daemonsets -A -l app=flannel -o jsonpath="$ROWS" >"$WORK/flannels"
	wrong=$(
		unfit_nodes
		foreign_objects
	)
	[ -z "$wrong" ] || die "nothing was changed:
$wrong"
}

# --- apply ---------------------------------------------------------------------------------------

# What another manager had set in a field of ours is overwritten: the object is ours.
server_side_apply() {
	k apply --server-side --force-conflicts --field-manager="$MANAGER" "$@"
}

# Has the API server check everything, rights included, before the first change. It cannot be asked
# about a namespace that is not there yet, so objects are tried in another one.
rehearse() {
	cp "$WORK/manifest" "$WORK/rehearsal"
	there=$(k get namespace "$NAMESPACE" --ignore-not-found -o name)
	if [ -z "$there" ]; then
		sed "s/^\( *namespace: \)\"\{0,1\}$NAMESPACE\"\{0,1\}\$/\1default/" "$WORK/manifest" >"$WORK/rehearsal"
	fi
	said=$(server_side_apply --dry-run=server -f "$WORK/rehearsal" 2>&1) ||
		die "the API server refuses the manifest; nothing was changed:
$(printf '%s\n' "$said" | grep -v 'serverside-applied' | head -n 20)"
}

what_stays() {
	cat <<-EOF
		the objects of $LABEL=$OWNER stay; once it is mended: $AGAIN
		to take them out by hand: kubectl delete $KINDS -A -l $LABEL=$OWNER
	EOF
}

# Pods that are not ready, and the last words of one of them.
explain_rollout() {
	k -n "$NAMESPACE" get daemonset "$DAEMONSET" -o jsonpath='{.status.desiredNumberScheduled} {.status.numberAvailable}' |
		awk '{ print $2 + 0 " of " $1 + 0 " nodes have it" }'
	k -n "$NAMESPACE" get pods -l app=flannel -o jsonpath='{range .items[*]}{.metadata.name}|{.spec.nodeName}|{.status.phase}|{.status.initContainerStatuses[*].state.waiting.reason} {.status.containerStatuses[*].state.waiting.reason}|{.status.containerStatuses[*].ready}{"\n"}{end}' |
		awk -F '|' '$5 != "true"' >"$WORK/pods"
	awk -F '|' 'NR <= 5 { print $2 ": " $3 " " $4 } END { if (NR > 5) print NR - 5 " more" }' "$WORK/pods"
	pod=$(awk -F '|' 'NR == 1 { print $1 }' "$WORK/pods")
	if [ -n "$pod" ]; then
		k -n "$NAMESPACE" logs "$pod" -c kube-flannel --tail=5 2>/dev/null || :
	fi
	echo "for a look at them: kubectl -n $NAMESPACE get pods -l app=flannel -o wide"
}

await_rollout() {
	timeout=$(fact timeout)
	said=$("$KUBECTL" -n "$NAMESPACE" rollout status "daemonset/$DAEMONSET" --timeout="${timeout}s" 2>&1) ||
		die "flannel does not run on every node after $timeout s: $(printf '%s\n' "$said" | tail -n 1)
$(explain_rollout 2>&1)
$(what_stays)"
}

# Nodes that tell the others to send to an address that is not their internal IP: the sign of a wrong
# interface, with which everything is ready and no packet arrives. If kubectl fails, what it says.
wrong_addresses() {
	prefix='flannel\.alpha\.coreos\.com'
	k get nodes -o jsonpath="{range .items[*]}have|{.metadata.name}|{.metadata.annotations.$prefix/public-ip}|{.metadata.annotations.$prefix/public-ipv6}{\"\\n\"}{end}" >"$WORK/nodes" 2>"$WORK/said" || {
		echo "kubectl get nodes failed: $(cat "$WORK/said")"
		return
	}
	sed -n 's/^node \([^ ]*\) [^ ]* \(.*\)/node|\1|\2/p' "$WORK/facts" | awk -F '|' '
		$1 == "have" { ipv4[$2] = $3; ipv6[$2] = $4; next }
		{
			n = split($3, wanted, ",")
			for (i = 1; i <= n; i++) {
				told = wanted[i] ~ /:/ ? ipv6[$2] : ipv4[$2]
				if (told == "") print $2 " has not told the others its address"
				else if (told != wanted[i]) print $2 " tells the others to send to " told ", its internal IP is " wanted[i]
			}
		}
	' "$WORK/nodes" -
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
	server_side_apply -f "$WORK/manifest" || die "the manifest was applied in part
$(what_stays)"
	await_rollout
	await_addresses
	declared_objects >"$WORK/wanted"
	take_away "$WORK/wanted"
}

# --- remove --------------------------------------------------------------------------------------

# Takes away what is ours and is not listed in file $1.
take_away() {
	owned_objects >"$WORK/owned"
	grep -Fxv -f "$1" "$WORK/owned" >"$WORK/gone" || :
	while IFS='|' read -r kind namespace name _; do
		if [ "$kind" = Namespace ]; then
			take_namespace_away "$name"
		else
			k delete "$kind" "$name" ${namespace:+-n "$namespace"} --ignore-not-found --timeout=60s
		fi
	done <"$WORK/gone"
}

# A namespace goes only if nothing of anybody else is in it.
take_namespace_away() {
	kinds=$(k api-resources --namespaced --verbs=list -o name)
	# events come by themselves, and metrics are no objects
	k get "$(printf '%s\n' "$kinds" | grep -Ev '^events(\.events\.k8s\.io)?$|\.metrics\.k8s\.io$' | paste -s -d , -)" \
		-n "$1" --ignore-not-found -o name >"$WORK/inside"
	others=$(grep -Ev "^serviceaccount/default\$|^configmap/kube-root-ca.crt\$|/$DAEMONSET-[a-z0-9]+\$" "$WORK/inside" || :)
	if [ -n "$others" ]; then
		printf 'left alone: namespace %s, in which is what is not ours: %s\n' "$1" "$others"
	else
		"$KUBECTL" delete namespace "$1" --ignore-not-found --timeout=120s
	fi
}

remove() {
	AGAIN='pulumi up, or pulumi destroy'
	read_input
	need_cluster
	LEFT=$(what_stays)
	: >"$WORK/wanted"
	take_away "$WORK/wanted"
}

case ${1-} in
apply) apply ;;
remove) remove ;;
*) die "usage: apply | remove" ;;
esac
