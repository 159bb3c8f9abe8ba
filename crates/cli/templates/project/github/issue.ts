import { z } from 'zod';

/** What your product keeps of an issue. */
export const Issue = z.object({
    id: z.string(),
    number: z.number(),
    title: z.string(),
    state: z.enum(['open', 'closed']),
    labels: z.array(z.string()),
});
export type Issue = z.infer<typeof Issue>;

/** What differs from customer to customer: the metadata of each connection. */
export const Configuration = z.object({
    /** `owner/name` of the repository that this customer wants to see. */
    repository: z.string().regex(/^[^/]+\/[^/]+$/, 'must be owner/name'),
    /** Only issues with all of these labels. */
    labels: z.array(z.string()).default([]),
});

/** An issue as GitHub sends it; pull requests come in the same list. */
export interface GitHubIssue {
    id: number;
    number: number;
    title: string;
    state: 'open' | 'closed';
    labels: { name: string }[];
    pull_request?: object;
}

export function toIssue({ id, number, title, state, labels }: GitHubIssue): Issue {
    return { id: String(id), number, title, state, labels: labels.map((label) => label.name) };
}
