import { getAuthScope } from "@pulumi/openstack/identity/index.js";
import type { InvokeOptions } from "@pulumi/pulumi";
import { z } from "zod";
import { answered } from "../cloud/answers.ts";
import {
  type ProviderSettings,
  providerSettings,
} from "../cloud/providerSettings.ts";
import { foreignText } from "../core/plainText.ts";
import { type NetworkApi, neutron } from "./openStackApi.ts";

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

/** The services whose endpoints the provider is told, and not those of the catalogue. */
const overridesSchema = z.object({ network: text }).nullish();

/** Neutron's API as the provider sees it, with a token of the provider's. */
export async function networkApi(options: InvokeOptions): Promise<NetworkApi> {
  const scope = answered(
    scopeSchema,
    await getAuthScope(
      { name: "pod-network-routes", setTokenId: true },
      options,
    ),
    "Keystone's token and catalogue",
  );
  const settings = providerSettings("openstack", options);
  return neutron(await endpoint(scope, settings), scope.tokenId);
}

/** Where the provider finds Neutron: where it is told to, or in the catalogue, by the region and the interface that it is set to. */
async function endpoint(
  scope: z.output<typeof scopeSchema>,
  settings: ProviderSettings,
): Promise<string> {
  const overrides = JSON.parse((await settings("endpointOverrides")) || "{}");
  const { network } = overridesSchema.parse(overrides) ?? {};
  if (typeof network === "string") {
    return versioned(network);
  }
  const region = (await settings("region")) ?? process.env.OS_REGION_NAME ?? "";
  const kind =
    (await settings("endpointType")) ?? process.env.OS_ENDPOINT_TYPE ?? "";
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
