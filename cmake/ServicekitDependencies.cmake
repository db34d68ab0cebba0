# What the library is built with. Only sources under src/ see any of it.
find_package(Threads REQUIRED)

set(Boost_USE_STATIC_LIBS ${SERVICEKIT_STATIC_BOOST})
find_package(Boost 1.74 REQUIRED COMPONENTS log)

set(ZLIB_USE_STATIC_LIBS ${SERVICEKIT_STATIC_BOOST})
find_package(ZLIB REQUIRED)

# For its headers alone: one source of ours has all of it compiled in, and no program needs it where it runs.
find_path(SERVICEKIT_FMT_INCLUDE_DIRS fmt/format.h REQUIRED)
mark_as_advanced(SERVICEKIT_FMT_INCLUDE_DIRS)

find_package(RapidJSON QUIET)
if(NOT RAPIDJSON_INCLUDE_DIRS)
    find_path(RAPIDJSON_INCLUDE_DIRS rapidjson/reader.h REQUIRED)
endif()

# Its headers alone: a target of its package would be asked for again by everyone who links the installed library.
find_path(SERVICEKIT_CLI11_INCLUDE_DIRS CLI/CLI.hpp REQUIRED)
mark_as_advanced(SERVICEKIT_CLI11_INCLUDE_DIRS)

# Its header alone, if there is one: the verb `repl` loads the library to let lines be edited.
find_path(SERVICEKIT_LIBEDIT_INCLUDE_DIR histedit.h)
mark_as_advanced(SERVICEKIT_LIBEDIT_INCLUDE_DIR)

# The mocks need GoogleMock, and are there for users too: without it they are left out. A project that adds this one as a
# subdirectory may have brought its own.
if(NOT TARGET GTest::gmock)
    if(SERVICEKIT_TESTS)
        find_package(GTest 1.12 REQUIRED)
    else()
        find_package(GTest 1.12 QUIET)
    endif()
endif()
if(SERVICEKIT_BENCH)
    find_package(benchmark REQUIRED)
endif()
