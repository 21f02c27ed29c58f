import { commands, type Kind } from "../contender.ts";

/** What a contender is called with the scattered inventory. */
export function scatteredId(id: string): string {
  return `${id}-scattered`;
}

/** The same contender with the scattered inventory. */
export function scattered(kind: Kind): Kind {
  return {
    ...kind,
    id: scatteredId(kind.id),
    title: `${kind.title}, scattered`,
    layout: "scattered",
  };
}

/** The same stack, where the engine writes the state at the end of a run, and not twice for every host. */
export function writtenOnce(kind: Kind): Kind {
  return {
    ...kind,
    id: `${kind.id}-once`,
    title: `${kind.title}, state written once`,
    async start(site) {
      const contender = await kind.start(site);
      return {
        ...contender,
        ...commands((verb) => {
          const command = contender[verb]();
          const env = { ...command.env, PULUMI_SKIP_CHECKPOINTS: "true" };
          return { ...command, env };
        }),
      };
    },
  };
}
