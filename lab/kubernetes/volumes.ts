import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { KeyToPath, Volume } from "kubernetes-types/core/v1.d.ts";
import type { Api } from "./api.ts";
import type { Mount } from "./container.ts";
import { field } from "./env.ts";
import type { Container, Pod, Source } from "./objects.ts";

/** The files of a volume, by path. */
type Files = Record<string, string | Buffer>;

/** Writes what a pod's volumes hold into its directory on the host, as it is in the API server now. */
export async function fillVolumes(
  api: Api,
  pod: Pod,
  root: string,
): Promise<void> {
  for (const volume of pod.spec.volumes ?? []) {
    const files = await filesOf(api, pod, volume);
    const directory = join(root, directoryOf(pod, volume.name));
    mkdirSync(directory, { recursive: true });
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
  }
}

/** What a container sees of its host. */
export function mountsOf(pod: Pod, { volumeMounts = [] }: Container): Mount[] {
  return volumeMounts
    .map(({ name, mountPath, readOnly = false, subPath }) => {
      const volume = pod.spec.volumes?.find((other) => other.name === name);
      if (volume === undefined || subPath !== undefined) {
        throw new Error(`the lab cannot mount ${name} ${subPath ?? ""}`);
      }
      const { type = "", path = directoryOf(pod, name) } =
        volume.hostPath ?? {};
      const target = mountPath.replace(/\/+$/, "");
      const ours = volume.hostPath === undefined && !volume.emptyDir;
      return { type, source: path, target, readOnly: readOnly || ours };
    })
    .sort((a, b) => depth(a) - depth(b));
}

function depth({ target }: Mount): number {
  return target.split("/").length;
}

function directoryOf({ metadata }: Pod, volume: string): string {
  return `/var/lib/kubelet/pods/${metadata.uid}/volumes/${volume}`;
}

async function filesOf(api: Api, pod: Pod, volume: Volume): Promise<Files> {
  if (volume.hostPath !== undefined || volume.emptyDir !== undefined) {
    return {};
  }
  const sources: readonly Source[] = volume.projected?.sources ?? [volume];
  const all = await Promise.all(
    sources.map((source) => contentOf(api, pod, source)),
  );
  return Object.assign({}, ...all);
}

async function contentOf(api: Api, pod: Pod, source: Source): Promise<Files> {
  const { namespace, name, uid } = pod.metadata;
  const path = `/api/v1/namespaces/${namespace}`;
  const { configMap, secret, serviceAccountToken, downwardAPI } = source;
  if (configMap !== undefined) {
    const { data = {}, binaryData = {} } = await api.get<{
      data?: Record<string, string>;
      binaryData?: Record<string, string>;
    }>(`${path}/configmaps/${configMap.name}`);
    return chosen({ ...data, ...decoded(binaryData) }, configMap.items);
  }
  if (secret !== undefined) {
    const { data = {} } = await api.get<{ data?: Record<string, string> }>(
      `${path}/secrets/${secret.secretName ?? secret.name}`,
    );
    return chosen(decoded(data), secret.items);
  }
  if (serviceAccountToken !== undefined) {
    const { expirationSeconds, audience } = serviceAccountToken;
    const { status } = await api.post<{ status: { token: string } }>(
      `${path}/serviceaccounts/${pod.spec.serviceAccountName}/token`,
      {
        spec: {
          expirationSeconds,
          audiences: audience === undefined ? [] : [audience],
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
        },
      },
    );
    return { [serviceAccountToken.path]: status.token };
  }
  if (downwardAPI !== undefined) {
    const items = downwardAPI.items ?? [];
    return Object.fromEntries(
      items.map((item) => [
        item.path,
        field(pod, item.fieldRef?.fieldPath ?? ""),
      ]),
    );
  }
  throw new Error(`no such volume in the lab: ${JSON.stringify(source)}`);
}

function decoded(data: Record<string, string>): Files {
  return Object.fromEntries(
    Object.entries(data).map(([key, text]) => [
      key,
      Buffer.from(text, "base64"),
    ]),
  );
}

function chosen(data: Files, items?: readonly KeyToPath[]): Files {
  if (items === undefined) {
    return data;
  }
  return Object.fromEntries(
    items.map(({ key, path }) => {
      const content = data[key];
      if (content === undefined) {
        throw new Error(`references non-existent config key: ${key}`);
      }
      return [path, content];
    }),
  );
}
