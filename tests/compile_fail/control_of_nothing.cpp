// expect: a ControlPolicy needs a nested aggregate `Options` that can be left empty
// expect: a ControlPolicy needs a constructor from its `Options` alone
// expect: a ControlPolicy needs `void configure(const contract::Deployment&)`
// expect: a ControlPolicy needs `Result<void> open(contract::Requests&, os::EventLoop&)`
// expect: a ControlPolicy needs `std::string endpoint() const`
// expect: a ControlPolicy needs `Object status_fields() const`
// expect: a ControlPolicy needs `Result<void> hand_to(uid_t, gid_t)`
// expect: a ControlPolicy needs `void close() noexcept`

#include "servicekit/policy_concepts.hpp"

struct ControlOfNothing {};

template struct servicekit::CheckControlPolicy<ControlOfNothing>;
