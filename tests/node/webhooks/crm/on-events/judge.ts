import { createOnEvent } from 'nango';

export default createOnEvent({
    description: 'Rejects credentials that the upstream does not know',
    event: 'validate-connection',
    exec: async (nango) => {
        const connection = await nango.getConnection();
        const { apiKey } = connection.credentials as { apiKey: string };
        if (apiKey === 'key-of-nobody') throw new nango.ActionError({ message: 'The CRM does not know this key.' });
    },
});
