import type { Lab } from "./lab.ts";

/** Has each pod of a lab ping each, by every address. Who reaches whom as a table, rows ping columns, and how many pings failed. */
export async function pingTable(
  lab: Pick<Lab, "pods" | "ping">,
): Promise<{ text: string; failed: number }> {
  const pods = lab.pods();
  const width = Math.max(...pods.map((pod) => pod.host.length), 8) + 2;
  const answers = await Promise.all(
    pods.map((from) =>
      Promise.all(pods.map((to) => lab.ping(from.host, to.address))),
    ),
  );
  const rows = answers.map((answered, i) => [
    pods[i]?.host ?? "",
    ...answered.map((ok) => (ok ? "ok" : "FAILS")),
  ]);
  const line = (row: readonly string[]) =>
    row.map((cell) => cell.padEnd(width)).join("");
  const text = [["", ...pods.map((pod) => pod.host)], ...rows]
    .map((row) => line(row).trimEnd())
    .join("\n");
  return { text, failed: answers.flat().filter((ok) => !ok).length };
}
