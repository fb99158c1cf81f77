// Holds all connections of a process to a source's limits: a program linked with it has connect(), sendto(), sendmsg(),
// sendmmsg(), listen() and getaddrinfo() from here, so that the address that was checked is the one that is connected
// to, named by anything: the caller, a redirect, a playlist, a name that resolves differently the second time.
#pragma once
#include "media/source_info.h"

namespace framepath::media {

// From now on; once, before a source is opened. Proxies named by the environment are not used: they would connect on
// behalf of this process to what is not checked here. Throws INVALID_ARGUMENT.
void installNetworkGuard(const Limits& limits);

}  // namespace framepath::media
