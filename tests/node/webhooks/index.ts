import './crm/syncs/hooked.js';
import './crm/on-events/greet.js';
import './crm/on-events/judge.js';
import './crm/on-events/farewell.js';
