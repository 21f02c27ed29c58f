/** The words that stand for programs in the commands that are printed. */
export interface Programs {
  readonly pulumi: string;
  readonly ssh: string;
}
