import './desk/actions/close-ticket.js';
import './desk/actions/explain.js';
import './desk/on-events/welcome.js';
import './desk/syncs/tickets.js';
