#include "tally.hpp"

#include <servicekit/core/settings.hpp>

#include <utility>

using servicekit::Arguments, servicekit::Context, servicekit::ParameterType, servicekit::Reply;

Tally::Tally() {
    events().add({.name = "add",
                  .description = "adds to the number",
                  .parameters = {{.name = "amount", .type = ParameterType::integer, .default_value = 1},
                                 {.name = "token",
                                  .type = ParameterType::integer,
                                  .description = "of an earlier activity, to see how its late write is refused",
                                  .default_value = 0,
                                  .minimum = 0}},
                  .handler = [this](const Arguments& arguments, Context&) { return add(arguments); }});
}

// on_start() begins an activity of this instance, and on_stop() ends it. In between, no other instance is active.
void Tally::on_start() {
    auto number =
        std::make_unique<FencedNumber>(settings().get(servicekit::setting::cluster_endpoints), "/tally/number");
    const auto token = lock_token();
    if (!token) return;  // the lock was lost at once: on_stop() follows
    // After this, a write of an earlier instance that is still on its way fails. So what is read now stays true.
    number->claim(*token);
    number_ = std::move(number);
    log().info("the number is {}", number_->value());
}

void Tally::on_stop() { number_.reset(); }

void Tally::on_status(Reply& reply) {
    if (number_) reply.set("number", number_->value());
}

Reply Tally::add(const Arguments& arguments) {
    const auto earlier = arguments.get<std::uint64_t>("token");
    const auto token = earlier != 0 ? earlier : lock_token();
    if (!token || !number_) throw servicekit::ErrorReply{"this instance is no longer active"};
    number_->write(*token, number_->value() + arguments.get<std::int64_t>("amount"));
    return {{"number", number_->value()}};
}
