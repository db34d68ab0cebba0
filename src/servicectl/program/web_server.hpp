#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "servicectl/web/server.hpp"

namespace servicekit::servicectl {

/// Serves HTTP with Boost.Beast, and TLS with OpenSSL. See web::ServeHttp.
[[nodiscard]] Result<void> serve_http(
    const web::ServerPlan& plan,
    const std::function<Result<std::unique_ptr<web::Handler>>(web::Loop& loop, std::uint16_t port)>& make_handler);

}  // namespace servicekit::servicectl
