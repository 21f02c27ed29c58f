import { run } from "../../lab/exec.ts";

/** Whatever on this machine carries the name of a lab. */
export async function traces(id: string): Promise<string> {
  const where = [
    "ip netns list",
    "mount",
    "ls /run/pod-network-routes",
    "find /sys/fs/cgroup -maxdepth 2 -type d",
    "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0\\n' '  ' | grep -o \"hosts/[a-z-]*.sh[^/]*/[^ ]*/$0[ /]\"",
  ];
  const search = `{ ${where.join("; ")}; } | grep -w -- "$0" || true`;
  return run("sh", ["-c", search, id]);
}
