import { z } from "zod";
import { readAnswer } from "../cloud/answers.ts";
import { CloudHttp, type Limits } from "../cloud/cloudHttp.ts";

/** Neutron's API, https://docs.openstack.org/api-ref/network/v2/ */
export interface NetworkApi {
  /** All objects of a collection, `subnets` for example, that have these attributes. */
  list<S extends z.ZodType>(
    collection: string,
    item: S,
    query?: Record<string, string>,
  ): Promise<z.output<S>[]>;
  /** Changes one object. Returns false, and changes nothing, if somebody else has changed it after this revision. */
  update(
    collection: string,
    id: string,
    revision: number,
    change: object,
  ): Promise<boolean>;
}

const link = z.object({ rel: z.string(), href: z.string().max(10_000) });

/**
 * Client of the API at this URL. Pulumi's openstack package can read neither the routes of a router nor the port
 * security of a port.
 */
export function neutron(
  base: string,
  token: string,
  limits?: Partial<Limits>,
): NetworkApi {
  const http = new CloudHttp(base, { "X-Auth-Token": token }, limits);
  return {
    list: (collection, item, query = {}) => {
      const links = `${collection}_links`;
      const page = z.object({
        [collection]: z.array(item),
        [links]: z.array(link).max(100).optional(),
      });
      const search = String(new URLSearchParams(query));
      const first = search === "" ? collection : `${collection}?${search}`;
      return http.pages(first, ({ content, request }) => {
        const found = readAnswer(page, content, request);
        const more = found[links] as z.output<typeof link>[] | undefined;
        return {
          items: found[collection] as z.output<typeof item>[],
          next: more?.find(({ rel }) => rel === "next")?.href,
        };
      });
    },
    update: async (collection, id, revision, change) => {
      const { status } = await http.request(`${collection}/${id}`, {
        method: "PUT",
        headers: {
          "Content-Type": "application/json",
          "If-Match": `revision_number=${revision}`,
        },
        body: JSON.stringify({ [collection.replace(/s$/, "")]: change }),
        allow: 412,
      });
      return status !== 412;
    },
  };
}
