import { diagram, firstRoutes } from "../components/inventory/renderedTable.ts";
import type { Route } from "../components/inventory/routeTable.ts";

/**
 * A page about the stack, in Markdown: its routes, as a table and as a picture, and how to check them.
 * Pulumi Cloud shows the stack output `readme` on the stack's page.
 *
 * @param stack name of the stack
 * @param lookCommand the command that shows the real routes
 */
export function readme(
  table: readonly Route[],
  stack: string,
  lookCommand: string,
): string {
  const { routes, more } = firstRoutes(table);
  const rows = routes.map(
    (r) => `| \`${r.destination}\` | \`${r.nextHop}\` | ${r.node} |`,
  );
  return `# Pod network routes

${table.length} ${table.length === 1 ? "route" : "routes"}, one a pod CIDR, through the internal IP of the node that has it.

| pod CIDR | via | node |
| --- | --- | --- |
${[...rows, ...(more === undefined ? [] : ["", more])].join("\n")}

\`\`\`mermaid
${diagram(table)}
\`\`\`

## Verify

\`\`\`sh
npm run verify -- --stack ${stack}
\`\`\`

compares these routes with the real ones and pings from pod to pod. By hand:

\`\`\`sh
${lookCommand}
\`\`\`
`;
}
