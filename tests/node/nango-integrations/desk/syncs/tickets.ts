import { createSync } from 'nango';
import { z } from 'zod';
import { DeskMetadata, Ticket, type DeskTicket } from '../models.js';

const sync = createSync({
    description: 'Keeps the tickets of the queue that the customer chose.',
    version: '1.0.0',
    frequency: 'every hour',
    autoStart: true,
    metadata: DeskMetadata,
    checkpoint: z.object({ after: z.number() }),
    scopes: ['tickets.read'],
    endpoints: [{ method: 'GET', path: '/tickets', group: 'Tickets' }],
    webhookSubscriptions: ['ticket.created'],
    models: { Ticket },

    exec: async (nango) => {
        const metadata = DeskMetadata.parse((await nango.getMetadata()) ?? {});
        const checkpoint = await nango.getCheckpoint();
        const response = await nango.get<{ tickets: DeskTicket[] }>({
            endpoint: '/tickets',
            params: { after: String(checkpoint?.after ?? 0), ...(metadata.queue ? { queue: metadata.queue } : {}) },
            retries: 3,
        });
        const tickets = response.data.tickets.map((ticket) => {
            const priority = ticket[metadata.priorityField];
            return { id: String(ticket.number), subject: ticket.subject, priority: priority === undefined ? null : String(priority) };
        });
        await nango.batchSave(tickets, 'Ticket');
        const last = response.data.tickets.at(-1);
        if (last) await nango.saveCheckpoint({ after: last.number });
    },

    onWebhook: async (nango, payload) => {
        await nango.log(`webhook ${JSON.stringify(payload)}`);
    },
});

export default sync;
