import { z } from "zod";
import { readAnswer } from "../cloud/answers.ts";
import { CloudHttp, type Limits } from "../cloud/cloudHttp.ts";
import type { ProviderSettings } from "../cloud/providerSettings.ts";

/** Reads of Google's compute API, https://cloud.google.com/compute/docs/reference/rest/v1 */
export interface ComputeApi {
  /** One object; undefined if there is none. */
  get<S extends z.ZodType>(
    path: string,
    object: S,
  ): Promise<z.output<S> | undefined>;
  /** All objects of a list, page by page. An aggregated list holds those of each zone or region under this key. */
  all<S extends z.ZodType>(
    path: string,
    item: S,
    key?: string,
  ): Promise<z.output<S>[]>;
}

/** Client of the API at this URL. */
export function computeApi(
  base: string,
  accessToken: string,
  limits?: Partial<Limits>,
): ComputeApi {
  const token = { Authorization: `Bearer ${accessToken}` };
  const http = new CloudHttp(base, token, limits);
  return {
    get: async (path, object) => {
      const { status, content, request } = await http.request(path, {
        allow: 404,
      });
      return status === 404 ? undefined : readAnswer(object, content, request);
    },
    all: (path, item, key) => {
      const list = z.array(item);
      const page = z.object({
        nextPageToken: z.string().max(10_000).nullish(),
        items: (key === undefined ? list : aggregated(key, list)).nullish(),
      });
      const link = (query: Record<string, string>) =>
        `${path}?${new URLSearchParams({ maxResults: "500", ...query })}`;
      return http.pages(
        link({}),
        ({ status, content, request }) => {
          if (status === 404) {
            return { items: [], next: undefined };
          }
          const { items, nextPageToken } = readAnswer(page, content, request);
          return {
            items: items ?? [],
            next: nextPageToken
              ? link({ pageToken: nextPageToken })
              : undefined,
          };
        },
        404,
      );
    },
  };
}

/** Lists of all zones or regions, joined. */
function aggregated<S extends z.ZodType>(key: string, list: z.ZodArray<S>) {
  return z
    .record(z.string(), z.object({ [key]: list.optional() }))
    .transform((scopes) =>
      Object.values(scopes).flatMap((scope) => scope[key] ?? []),
    );
}

/** The URL of the API. The provider reads the same setting and the same environment variable. */
export async function endpoint(settings: ProviderSettings): Promise<string> {
  const url =
    (await settings("computeCustomEndpoint")) ??
    process.env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT ??
    "https://compute.googleapis.com/compute/v1/";
  return url.endsWith("/") ? url : `${url}/`;
}

/** A resource's URL from its project on, which does not depend on the host and version of the API. */
export function relative(url: string): string {
  return url.replace(/^https?:\/\/[^/]+\/(compute\/)?\w+\//, "");
}
