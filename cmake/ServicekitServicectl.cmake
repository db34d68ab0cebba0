# The component servicectl is one program for all services of a machine.
if(NOT SERVICEKIT_SERVICECTL)
    return()
endif()

# The tests link these sources, too.
file(GLOB servicectl_sources CONFIGURE_DEPENDS "src/servicectl/*.cpp")
add_library(servicekit_servicectl_parts OBJECT EXCLUDE_FROM_ALL ${servicectl_sources})
servicekit_target(servicekit_servicectl_parts)
target_include_directories(servicekit_servicectl_parts PRIVATE src)
target_link_libraries(servicekit_servicectl_parts PUBLIC servicekit)

add_executable(servicectl src/servicectl/program/main.cpp)
servicekit_target(servicectl)
target_include_directories(servicectl PRIVATE src)
target_link_libraries(servicectl PRIVATE servicekit_servicectl_parts)
