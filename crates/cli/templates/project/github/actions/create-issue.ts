import { createAction } from 'bespoke';
import { z } from 'zod';
import { Configuration, type GitHubIssue, Issue, toIssue } from '../issue.js';

const Input = z.object({ title: z.string().min(1), body: z.string().optional() });

export default createAction({
    description: "Opens an issue in the customer's repository",
    version: '1.0.0',
    input: Input,
    output: Issue,
    metadata: Configuration,
    exec: async (nango, input) => {
        const { data } = await nango.zodValidateInput({ zodSchema: Input, input });
        const { repository, labels } = Configuration.parse(await nango.getMetadata());
        const response = await nango.post<GitHubIssue>({
            endpoint: `/repos/${repository}/issues`,
            data: { ...data, labels },
        });
        return toIssue(response.data);
    },
});
