#include "spanflow.h"

int main(int argc, char **argv)
{
	return spanflow_main(argc, argv);
}
