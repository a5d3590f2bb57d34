/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h: the room's public header: talking to servers that one does not trust. Each part's contract
 * is in its own header; a file includes those that it uses, or this one.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "net/credentials.h"
#include "net/guard.h"
#include "net/http.h"
#include "net/redirect.h"
#include "net/retry.h"
#include "net/s3.h"
#include "net/s3_notice.h"
#include "net/s3_read.h"
#include "net/sigv4.h"
#include "net/sqs.h"

#endif
