import { z } from "zod";
import { answered } from "../cloud/answers.ts";
import { CloudHttp, type Limits } from "../cloud/cloudHttp.ts";
import type { ProviderSettings } from "../cloud/providerSettings.ts";

/** Reads of Google's compute API, https://cloud.google.com/compute/docs/reference/rest/v1 */
export interface ComputeApi {
  /** One object; undefined if there is none. */
  get<S extends z.ZodType>(
    path: string,
    object: S,
  ): Promise<z.output<S> | undefined>;
  /** All of a list, page by page. Of an aggregated list, those of all zones or regions, under this key. */
  all<S extends z.ZodType>(
    path: string,
    item: S,
    key?: string,
  ): Promise<z.output<S>[]>;
}

/** The API at a URL, for who has an access token. */
export function computeApi(
  base: string,
  accessToken: string,
  limits?: Partial<Limits>,
): ComputeApi {
  const token = { Authorization: `Bearer ${accessToken}` };
  const http = new CloudHttp(base, token, limits);
  return {
    get: async (path, object) => {
      const { status, content, question } = await http.ask(path, {
        allow: 404,
      });
      return status === 404 ? undefined : answered(object, content, question);
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
        ({ status, content, question }) => {
          if (status === 404) {
            return { items: [], next: undefined };
          }
          const { items, nextPageToken } = answered(page, content, question);
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

/** Where the provider finds the API: it takes the same setting and the same variable. */
export async function endpoint(settings: ProviderSettings): Promise<string> {
  const url =
    (await settings("computeCustomEndpoint")) ??
    process.env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT ??
    "https://compute.googleapis.com/compute/v1/";
  return url.endsWith("/") ? url : `${url}/`;
}

/** A resource's URL from its project on, which is the same whatever host and version it was read from. */
export function relative(url: string): string {
  return url.replace(/^https?:\/\/[^/]+\/(compute\/)?\w+\//, "");
}
