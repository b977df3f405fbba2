// A main for any Stan model that prints its log density and gradient with all their digits.
//
//   PROGRAM DATA.json unconstrain INITS.json   the point of INITS on the unconstrained scale
//   PROGRAM DATA.json evaluate < POINTS        one unconstrained point a line; prints
//                                              "log_density gradient..." a line, or "error MESSAGE"
//   PROGRAM DATA.json time REPEATS < POINT     mean seconds of a value and of a value + gradient
//
// The density keeps its constants and includes the Jacobian of the constraining transforms.
#include <stan/model/model_header.hpp>
#if __has_include(<stan/io/json/json_data.hpp>)
#include <stan/io/json/json_data.hpp>
using json_t = stan::json::json_data;
#else
#include <cmdstan/io/json/json_data.hpp>
using json_t = cmdstan::json::json_data;
#endif
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

stan::model::model_base& new_model(stan::io::var_context& data, unsigned int seed,
                                   std::ostream* messages);

namespace {

using vars_t = Eigen::Matrix<stan::math::var, Eigen::Dynamic, 1>;

json_t read_json(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  return json_t(file);
}

bool read_point(Eigen::VectorXd& point) {
  std::string line;
  if (!std::getline(std::cin, line)) return false;
  std::istringstream cells(line);
  for (Eigen::Index i = 0; i < point.size(); ++i)
    if (!(cells >> point[i])) throw std::runtime_error("a point has too few coordinates");
  if (cells >> line) throw std::runtime_error("a point has too many coordinates");
  return true;
}

double value_and_gradient(const stan::model::model_base& model, const Eigen::VectorXd& point,
                          Eigen::VectorXd& gradient) {
  stan::math::nested_rev_autodiff nested;
  vars_t vars = point.cast<stan::math::var>();
  stan::math::var density = model.log_prob_jacobian(vars, nullptr);
  density.grad();
  gradient = vars.adj();
  return density.val();
}

void evaluate(const stan::model::model_base& model) {
  Eigen::VectorXd point(model.num_params_r()), gradient;
  while (read_point(point)) {
    try {
      std::printf("%.17g", value_and_gradient(model, point, gradient));
      for (Eigen::Index i = 0; i < gradient.size(); ++i) std::printf(" %.17g", gradient[i]);
      std::printf("\n");
    } catch (const std::exception& error) {
      std::string message = error.what();
      std::printf("error %s\n", message.substr(0, message.find('\n')).c_str());
    }
    std::fflush(stdout);
  }
}

template <typename F>
double mean_seconds(int repeats, F&& work) {
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats; ++i) work();
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  return elapsed.count() / repeats;
}

void time_model(const stan::model::model_base& model, int repeats) {
  Eigen::VectorXd point(model.num_params_r()), gradient;
  if (!read_point(point)) throw std::runtime_error("no point to time at");
  volatile double sink = 0;
  auto value = [&] { sink = model.log_prob_jacobian(point, nullptr); };
  auto both = [&] { sink = value_and_gradient(model, point, gradient); };
  value();
  both();
  double value_seconds = mean_seconds(repeats, value);
  std::printf("%.17g %.17g\n", value_seconds, mean_seconds(repeats, both));
}

void unconstrain(const stan::model::model_base& model, const std::string& path) {
  json_t inits = read_json(path);
  std::vector<std::string> names;
  model.constrained_param_names(names, false, false);
  // CmdStan 2.27 would read past the end of a value that is not there
  for (const std::string& name : names)
    if (!inits.contains_r(name)) throw std::runtime_error("there is no value of " + name);
  Eigen::VectorXd point;
  model.transform_inits(inits, point, nullptr);
  for (Eigen::Index i = 0; i < point.size(); ++i) std::printf(i ? " %.17g" : "%.17g", point[i]);
  std::printf("\n");
}

}  // namespace

int main(int argc, char* argv[]) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() < 2) throw std::runtime_error("expected DATA.json and a command");
    json_t data = read_json(arguments[0]);
    stan::model::model_base& model = new_model(data, 1, nullptr);
    if (arguments[1] == "evaluate") {
      evaluate(model);
    } else if (arguments[1] == "unconstrain" && arguments.size() == 3) {
      unconstrain(model, arguments[2]);
    } else if (arguments[1] == "time" && arguments.size() == 3) {
      time_model(model, std::stoi(arguments[2]));
    } else {
      throw std::runtime_error("unknown command " + arguments[1]);
    }
    delete &model;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
