/* SPDX-License-Identifier: Apache-2.0 */
/* network.h (private to query/): the SQL function in_network(ip_bytes, network). In the SQL child. */
#ifndef QUERY_NETWORK_H
#define QUERY_NETWORK_H

#include "query/duck.h"

/* Makes the function known to the connection's database. `duck` must stay. */
int network_register(const struct duck *duck, duckdb_connection connection, struct err *err);

#endif
