import { z } from "zod";
import { answered } from "../cloud/answers.ts";
import { CloudHttp, type Limits } from "../cloud/cloudHttp.ts";

/** Neutron's API, https://docs.openstack.org/api-ref/network/v2/ */
export interface NetworkApi {
  /** Everything in a collection, `subnets` for example, that has these attributes. */
  list<S extends z.ZodType>(
    collection: string,
    item: S,
    query?: Record<string, string>,
  ): Promise<z.output<S>[]>;
  /** Changes one object, unless somebody else has changed it since it was at this revision: then it returns false. */
  update(
    collection: string,
    id: string,
    revision: number,
    change: object,
  ): Promise<boolean>;
}

const link = z.object({ rel: z.string(), href: z.string().max(10_000) });

/**
 * The API at a URL, for who has a token. Pulumi's openstack package can read neither routes of a router nor
 * whether a port is secured.
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
      return http.pages(first, ({ content, question }) => {
        const found = answered(page, content, question);
        const more = found[links] as z.output<typeof link>[] | undefined;
        return {
          items: found[collection] as z.output<typeof item>[],
          next: more?.find(({ rel }) => rel === "next")?.href,
        };
      });
    },
    update: async (collection, id, revision, change) => {
      const { status } = await http.ask(`${collection}/${id}`, {
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
