import { getAuthScope } from "@pulumi/openstack/identity";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { answered } from "../core/answers";
import { foreignText } from "../core/plainText";
import { type NetworkApi, neutron } from "./rest";

const text = z.string().nullish();

/** What Keystone says of who asks: a token, and where which service is. */
const scopeSchema = z.object({
  tokenId: z.string(),
  serviceCatalogs: z.array(
    z.object({
      type: text,
      endpoints: z.array(
        z.object({
          interface: text,
          region: text,
          regionId: text,
          url: z.string(),
        }),
      ),
    }),
  ),
});

/** Neutron's API as the provider sees it, with a token of the provider's. */
export async function networkApi(
  options: pulumi.InvokeOptions,
): Promise<NetworkApi> {
  const scope = answered(
    scopeSchema,
    await getAuthScope(
      { name: "pod-network-routes", setTokenId: true },
      options,
    ),
    "Keystone's token and catalogue",
  );
  return neutron(endpoint(scope), scope.tokenId);
}

/** Where the provider finds Neutron: where it is told to, or in the catalogue, by the region and the interface that it is set to. */
function endpoint(scope: z.output<typeof scopeSchema>): string {
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
    const where = region === "" ? "" : ` in region ${foreignText(region)}`;
    throw new Error(
      `the catalogue has no ${foreignText(wanted)} endpoint of type network${where}`,
    );
  }
  return versioned(found.url);
}

function versioned(url: string): string {
  return `${url.replace(/\/(v2\.0\/?)?$/, "")}/v2.0/`;
}
