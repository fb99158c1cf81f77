#include "check.h"
#include "compose/composer.h"
using namespace framepath;
TEST_MAIN()
