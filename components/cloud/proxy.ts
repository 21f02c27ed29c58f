import { getProxyForUrl } from "proxy-from-env";
import type { buildConnector, Client } from "undici";

type Undici = typeof import("undici");

/**
 * Fetches as Pulumi's providers do: through the proxy of `HTTPS_PROXY` or `HTTP_PROXY`, unless `NO_PROXY`
 * names the host. This machine itself is reached without a proxy, as by the providers, which are written in Go.
 */
export async function fetchByProxy(
  url: URL,
  init: RequestInit,
): Promise<Response> {
  const proxy = isThisMachine(url) ? "" : getProxyForUrl(url.href);
  if (proxy === "") {
    return fetch(url, init);
  }
  if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol)) {
    throw new Error(
      "the proxy is not a URL of http or https: see HTTPS_PROXY and HTTP_PROXY in the environment",
    );
  }
  const undici = await import("undici"); // only where there is a proxy
  // an API that speaks https is reached through a tunnel, so the proxy does not see the token
  const dispatcher = new undici.ProxyAgent({
    uri: proxy,
    proxyTunnel: false,
    clientFactory: limitedClients(undici),
    factory: limitedClients(undici),
  });
  try {
    const options = init as Parameters<Undici["fetch"]>[1];
    const response = await undici.fetch(url, { ...options, dispatcher });
    dispatcher.close(); // once the body of the answer was read
    return response as unknown as Response;
  } catch (error) {
    await dispatcher.destroy();
    throw error;
  }
}

/** How often one request may connect to the proxy. */
const mostConnections = 5;

/** Makes clients that give up a proxy which closes their connections. undici's own clients connect to it again without a pause and without end. */
function limitedClients({ Client }: Undici) {
  return (origin: URL, { connect, ...options }: Client.Options) => {
    let left = mostConnections;
    const limited: buildConnector.connector = (to, done) => {
      left -= 1;
      if (left < 0 || typeof connect !== "function") {
        done(new Error("the proxy closes the connection"), null);
      } else {
        connect(to, done);
      }
    };
    return new Client(origin, { ...options, connect: limited });
  };
}

function isThisMachine({ hostname }: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
