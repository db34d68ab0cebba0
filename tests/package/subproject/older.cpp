// Of a project with another standard than ours.
static_assert(__cplusplus == 201103L, "compiled as C++11");
