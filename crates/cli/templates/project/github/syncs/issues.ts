import { createSync } from 'bespoke';
import { Configuration, type GitHubIssue, Issue, toIssue } from '../issue.js';

export default createSync({
    description: "Issues of the customer's repository",
    version: '1.0.0',
    frequency: 'every hour',
    // A customer is configured first and then started.
    autoStart: false,
    models: { Issue },
    metadata: Configuration,
    exec: async (nango) => {
        const { repository, labels } = Configuration.parse(await nango.getMetadata());
        const pages = nango.paginate<GitHubIssue>({
            endpoint: `/repos/${repository}/issues`,
            params: { state: 'all', ...(labels.length > 0 && { labels: labels.join(',') }) },
            retries: 3,
            paginate: { limit: 100 },
        });
        for await (const page of pages) {
            const issues = page.filter((issue) => issue.pull_request === undefined);
            await nango.batchSave(issues.map(toIssue), 'Issue');
        }
    },
});
