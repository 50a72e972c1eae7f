#pragma once

#include "services/http/router.h"

namespace zeus {

/// Lets a server show the page of `web/` at "/" to people, with the files that it needs. A build without it (the CMake
/// option ZEUS_PAGE) shows how to get it.
///
/// What it answers may be kept by a browser: files whose names say their content for a year, others for as long as
/// their ETag stays. Nothing in it is taken from, or sent to, any other server; the Content-Security-Policy says so.
void AddPage(http::Router& router);

}  // namespace zeus
