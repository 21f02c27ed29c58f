import { createServer } from "node:https";
import type { Access } from "./api.ts";

/** Where the API server asks kubelets for the logs of a container. */
export const kubeletPort = 10250;

/** A container, as `kubectl logs` names it. */
export interface Which {
  readonly namespace: string;
  readonly name: string;
  readonly container: string;
}

/** Answers `kubectl logs`: what there is, without waiting for more. */
export function serveLogs(
  { certificate, key }: Access,
  find: (which: Which) => string | undefined,
): void {
  createServer({ cert: certificate, key }, (request, answer) => {
    const url = new URL(request.url ?? "", "https://kubelet");
    const [, verb, namespace = "", name = "", container = ""] =
      url.pathname.split("/");
    const text =
      verb === "containerLogs"
        ? find({ namespace, name, container })
        : undefined;
    const tail = url.searchParams.get("tailLines");
    answer.statusCode = text === undefined ? 404 : 200;
    answer.end(tail === null ? text : last(text ?? "", Number(tail)));
  }).listen(kubeletPort);
}

function last(text: string, lines: number): string {
  const all = text.split(/(?<=\n)/);
  return lines === 0 ? "" : all.slice(-lines).join("");
}
