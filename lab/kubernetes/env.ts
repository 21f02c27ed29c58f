import type { Container, Pod } from "./objects.ts";

/** Where containers find the API server. */
export interface ServiceAddress {
  readonly host: string;
  readonly port: string;
}

/** The environment of a container. */
export function environmentOf(
  pod: Pod,
  { env = [] }: Container,
  api: ServiceAddress,
): Record<string, string> {
  const all: Record<string, string> = {
    // the API server itself: there is no kube-proxy that would forward the address of the service `kubernetes`
    KUBERNETES_SERVICE_HOST: api.host,
    KUBERNETES_SERVICE_PORT: api.port,
  };
  for (const { name, value = "", valueFrom } of env) {
    const path = valueFrom?.fieldRef?.fieldPath;
    if (valueFrom !== undefined && path === undefined) {
      throw new Error(`no such variable in the lab: ${name}`);
    }
    all[name] = path === undefined ? expand(value, all) : field(pod, path);
  }
  return all;
}

/** The command line of a container. */
export function commandOf(
  { command, args }: Container,
  entrypoint: readonly string[],
  env: Readonly<Record<string, string>>,
): string[] {
  return [...(command ?? entrypoint), ...(args ?? [])].map((word) =>
    expand(word, env),
  );
}

/** A field of a pod, as the downward API names it. */
export function field({ metadata, spec }: Pod, path: string): string {
  const fields: Record<string, string | undefined> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": spec.nodeName,
    "spec.serviceAccountName": spec.serviceAccountName,
  };
  const value = fields[path];
  if (value === undefined) {
    throw new Error(`no such field of a pod in the lab: ${path}`);
  }
  return value;
}

/** Replaces `$(NAME)`; one that is not set stays as it is, as does `$$(NAME)`, less one `$`. */
function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^()]+)\))/g, (all, what, name) =>
    what === "$" ? "$" : (env[name] ?? all),
  );
}
