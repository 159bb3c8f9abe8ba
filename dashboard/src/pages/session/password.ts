/** The least length the server takes. */
export const shortest = 10;

/** What is wrong with a new password; undefined where nothing is. */
export function passwordProblem(password: string): string | undefined {
  if (password.length < shortest) return `Use at least ${shortest} characters. A few words in a row are easy to remember.`;
  return undefined;
}

export const passwordRule = `At least ${shortest} characters.`;
