#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "servicectl/web/loop.hpp"

namespace servicekit::servicectl {

/// The loop of `servicectl web`, on Asio. The context must live longer, and be run by one thread.
class AsioLoop final : public web::Loop {
public:
    explicit AsioLoop(boost::asio::io_context& context) : context_{context} {}

    std::unique_ptr<os::Timer> timer() override;
    std::unique_ptr<os::Watch> watch(int descriptor) override;
    void post(std::function<void()> call) override;
    Result<void> run(const std::vector<std::string>& command, std::function<void(web::ProgramResult)> on_end) override;

private:
    boost::asio::io_context& context_;
};

}  // namespace servicekit::servicectl
