import { getAuthScope } from "@pulumi/openstack/identity";
import * as pulumi from "@pulumi/pulumi";

/** Neutron's API, https://docs.openstack.org/api-ref/network/v2/, as the provider sees it. */
export interface NetworkApi {
  /** Everything in a collection, `subnets` for example, that has these attributes. */
  list<T>(collection: string, query?: Record<string, string>): Promise<T[]>;
  /** Changes one object, unless somebody else has changed it since it was at this revision: then it returns false. */
  update(
    collection: string,
    id: string,
    revision: number,
    change: object,
  ): Promise<boolean>;
}

/** Milliseconds after which an answer is not waited for any more. */
const patience = 60_000;

/** The API, with a token of the provider's. Pulumi's openstack package can read neither routes of a router nor whether a port is secured. */
export async function networkApi(
  options: pulumi.InvokeOptions,
): Promise<NetworkApi> {
  const scope = await getAuthScope(
    { name: "pod-network-routes", setTokenId: true },
    options,
  );
  const base = endpoint(scope);
  const call = async (path: string, init: RequestInit = {}) => {
    const method = init.method ?? "GET";
    const url = new URL(path, base);
    const response = await fetch(url, {
      ...init,
      headers: { ...init.headers, "X-Auth-Token": scope.tokenId },
      signal: AbortSignal.timeout(patience),
    }).catch((error: Error) => {
      throw new Error(`${method} ${url}: ${why(error)}`);
    });
    if (!response.ok && response.status !== 412) {
      throw new Error(
        `${method} ${url.pathname}: ${response.status} ${reason(await response.text())}`,
      );
    }
    return response;
  };
  return {
    list: async <T>(collection: string, query = {}) => {
      const all: T[] = [];
      let next: string | undefined =
        `${collection}?${new URLSearchParams(query)}`;
      while (next !== undefined) {
        const page = (await (await call(next)).json()) as Page<T>;
        all.push(...((page[collection] as T[] | undefined) ?? []));
        const links = (page[`${collection}_links`] as Link[] | undefined) ?? [];
        next = links.find(({ rel }) => rel === "next")?.href;
      }
      return all;
    },
    update: async (collection, id, revision, change) => {
      const response = await call(`${collection}/${id}`, {
        method: "PUT",
        headers: {
          "Content-Type": "application/json",
          "If-Match": `revision_number=${revision}`,
        },
        body: JSON.stringify({ [collection.replace(/s$/, "")]: change }),
      });
      return response.status !== 412;
    },
  };
}

type Page<T> = Record<string, T[] | Link[] | undefined>;

interface Link {
  readonly rel: string;
  readonly href: string;
}

/** Where the provider finds Neutron: where it is told to, or in the catalogue, by the region and the interface that it is set to. */
function endpoint(scope: Awaited<ReturnType<typeof getAuthScope>>): string {
  const config = new pulumi.Config("openstack");
  const overrides = config.getObject<{ network?: string }>("endpointOverrides");
  if (overrides?.network !== undefined) {
    return versioned(overrides.network);
  }
  const region = config.get("region") ?? process.env.OS_REGION_NAME ?? "";
  const kind = config.get("endpointType") ?? process.env.OS_ENDPOINT_TYPE ?? "";
  const wanted = kind === "" ? "public" : kind.replace(/URL$/, "");
  const service = scope.serviceCatalogs.find(({ type }) => type === "network");
  const found = service?.endpoints.find(
    (one) =>
      one.interface === wanted &&
      (region === "" || one.region === region || one.regionId === region),
  );
  if (found === undefined) {
    const where = region === "" ? "" : ` in region ${region}`;
    throw new Error(
      `the catalogue has no ${wanted} endpoint of type network${where}`,
    );
  }
  return versioned(found.url);
}

function versioned(url: string): string {
  return `${url.replace(/\/(v2\.0\/?)?$/, "")}/v2.0/`;
}

/** What Neutron says of an error, or the text itself where it is not in its form. */
function reason(text: string): string {
  try {
    return JSON.parse(text).NeutronError.message;
  } catch {
    return text
      .replace(/<[^>]*>/g, " ")
      .replace(/\s+/g, " ")
      .slice(0, 200);
  }
}

/** Why no answer came. Node.js does not look at OS_CACERT. */
function why(error: Error): string {
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  const text = cause?.message || cause?.code || error.message;
  return /certificate/i.test(text)
    ? `${text}; for a cloud with a certificate authority of its own: export NODE_EXTRA_CA_CERTS=FILE`
    : text;
}
