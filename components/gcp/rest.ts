import { Config } from "@pulumi/pulumi";

/** Reads of Google's compute API, https://cloud.google.com/compute/docs/reference/rest/v1 */
export interface ComputeApi {
  /** One object; undefined if there is none. */
  get<T>(path: string): Promise<T | undefined>;
  /** All of a list, page by page. Of an aggregated list, those of all zones or regions, under this key. */
  all<T>(path: string, key?: string): Promise<T[]>;
}

/** Milliseconds after which an answer is not waited for any more. */
const patience = 30_000;

/** The API as the provider sees it, with an access token of the provider. */
export function computeApi(accessToken: string): ComputeApi {
  const base = endpoint();
  const read = async (path: string): Promise<unknown> => {
    const response = await fetch(new URL(path, base), {
      headers: { Authorization: `Bearer ${accessToken}` },
      signal: AbortSignal.timeout(patience),
    });
    if (response.status === 404) {
      return undefined;
    }
    if (!response.ok) {
      throw new Error(
        `GET ${path}: ${response.status} ${reason(await response.text())}`,
      );
    }
    return response.json();
  };
  return {
    get: (path) => read(path) as Promise<never>,
    all: (path, key) => pages(read, path, key),
  };
}

/** Where the provider finds the API: it takes the same setting and the same variable. */
function endpoint(): string {
  const url =
    new Config("gcp").get("computeCustomEndpoint") ??
    process.env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT ??
    "https://compute.googleapis.com/compute/v1/";
  return url.endsWith("/") ? url : `${url}/`;
}

interface Page<T> {
  readonly items?: T[] | Record<string, Record<string, T[] | undefined>>;
  readonly nextPageToken?: string;
}

async function pages<T>(
  read: (path: string) => Promise<unknown>,
  path: string,
  key?: string,
): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined = "";
  while (token !== undefined) {
    const query = new URLSearchParams({ maxResults: "500" });
    if (token !== "") {
      query.set("pageToken", token);
    }
    const page = (await read(`${path}?${query}`)) as Page<T> | undefined;
    const items = page?.items ?? [];
    all.push(
      ...(Array.isArray(items)
        ? items
        : Object.values(items).flatMap((scope) => scope[key ?? ""] ?? [])),
    );
    token = page?.nextPageToken;
  }
  return all;
}

/** What Google says of an error, or the text itself where it is not in Google's form. */
function reason(text: string): string {
  try {
    return JSON.parse(text).error.message;
  } catch {
    return text.slice(0, 200);
  }
}

/** A resource's URL from its project on, which is the same whatever host and version it was read from. */
export function relative(url: string): string {
  return url.replace(/^https?:\/\/[^/]+\/(compute\/)?\w+\//, "");
}
