using { windtunnel.bench as db } from '../db/schema';

/** One projection, as CAP's own samples write it. */
@path: '/odata/v4/bench'
service BenchService {
  entity wt_customers as projection on db.Customers;
}
