#include "lisp/declarations.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace servicekit::lisp {
namespace {

TEST(LispDeclarationsTest, ParametersFollowTheLispDeclaration) {
    const EventDeclaration event = declaration_from(
        {"backup", "copies",
         Value::List{Object{{"name", "directory"}, {"type", "path"}, {"required", true}, {"secret", true}},
                     Object{{"name", "depth"}, {"type", "integer"}, {"required", false}, {"default", 3}},
                     Object{{"name", "all"}, {"type", "boolean"}, {"required", false}, {"default", nullptr}}}});

    EXPECT_EQ(event.name, "backup");
    EXPECT_EQ(event.description, "copies");
    ASSERT_EQ(event.parameters.size(), 3U);
    EXPECT_EQ(event.parameters[0].type, ParameterType::path);
    EXPECT_FALSE(event.parameters[0].default_value);
    EXPECT_TRUE(event.parameters[0].secret);
    EXPECT_EQ(event.parameters[1].default_value, Value{3});
    EXPECT_EQ(event.parameters[2].default_value, Value{false});
}

TEST(LispDeclarationsTest, KeepsUndeclaredMembersOfTheEarlierEvent) {
    const EventDeclaration before{.name = "backup",
                                  .description = "copies",
                                  .parameters = {{.name = "to"}},
                                  .read_only = true,
                                  .needs = ControlRole::owner};

    const EventDeclaration same = declaration_from({"backup", "", nullptr}, before);
    EXPECT_EQ(same.description, "copies");
    EXPECT_TRUE(same.parameters.empty());
    EXPECT_TRUE(same.read_only);
    EXPECT_EQ(same.needs, ControlRole::owner);
    EXPECT_EQ(declaration_from({"backup", "", nullptr, nullptr}, before).needs, ControlRole::owner);
    EXPECT_EQ(declaration_from({"backup", "", nullptr, "read"}, before).needs, ControlRole::read);
    EXPECT_EQ(declaration_from({"backup", "", nullptr}).needs, std::nullopt);
}

TEST(LispDeclarationsTest, RefusesAnUnknownRole) {
    EXPECT_THROW(static_cast<void>(declaration_from({"x", "", nullptr, "king"})), std::invalid_argument);
}

TEST(LispDeclarationsTest, RefusesAnUnknownType) {
    EXPECT_THROW(static_cast<void>(declaration_from({"x", "", Value::List{Object{{"name", "a"}, {"type", "float"}}}})),
                 std::invalid_argument);
}

TEST(LispDeclarationsTest, NilBecomesAValueOfTheParametersType) {
    const EventDeclaration event{
        .name = "x",
        .parameters = {
            {.name = "b", .type = ParameterType::boolean}, {.name = "l", .type = ParameterType::list}, {.name = "s"}}};

    const Object adapted = adapt(event, {{"b", nullptr}, {"l", nullptr}, {"s", nullptr}, {"other", nullptr}});

    EXPECT_EQ(adapted, (Object{{"b", false}, {"l", Value::List{}}, {"s", nullptr}, {"other", nullptr}}));
}

}  // namespace
}  // namespace servicekit::lisp
