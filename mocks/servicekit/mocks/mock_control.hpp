#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/policy/control_policy.hpp"

namespace servicekit::mocks {

/// By default the client accepts everything.
class MockResponder : public Responder {
public:
    MockResponder();
    ~MockResponder() override;

    MOCK_METHOD(bool, progress, (std::string_view line), (override));
    MOCK_METHOD(Sent, send_item, (std::string_view line, std::function<void()> on_room), (override));
    MOCK_METHOD(void, reply, (std::string_view line), (override));
    MOCK_METHOD(void, reply_and_close, (std::string_view line), (override));
};

/// By default requests get no reply, and every refusal is `{"error":{}}`.
class MockRequests : public Requests {
public:
    MockRequests();
    ~MockRequests() override;

    MOCK_METHOD(void, request, (std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder),
                (override));
    MOCK_METHOD(std::string, refuse, (const Refusal& refusal), (override));
};

/// By default it opens, is reachable at `/run/mock.control`, and receives no requests.
class MockControl : public ControlPolicy {
public:
    MockControl();
    ~MockControl() override;

    MOCK_METHOD(void, configure, (const Deployment& deployment), (override));
    MOCK_METHOD(Result<void>, open, (Requests & requests, os::EventLoop& loop), (override));
    MOCK_METHOD(std::string, endpoint, (), (const, override));
    MOCK_METHOD(Object, status_fields, (), (const, override));
    MOCK_METHOD(std::optional<ControlCounts>, counts, (), (const, override));
    MOCK_METHOD(Result<void>, change_owner, (uid_t uid, gid_t gid), (override));
    MOCK_METHOD(void, close, (), (noexcept, override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockResponder>;
extern template class ::testing::NiceMock<servicekit::mocks::MockRequests>;
extern template class ::testing::NiceMock<servicekit::mocks::MockControl>;
