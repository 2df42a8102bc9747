package train

import (
	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/zoo"
)

// FromRecipe returns a paper's protocol as a configuration; the recipe's dropout is
// the model's, see zoo.Options, and how clips are made the data set's. It returns an
// error for nil, which an entry without a paper has, and when a setting is invalid.
func FromRecipe(r *zoo.Recipe) (Config, error) {
	if r == nil {
		return Config{}, errors.New("train: the model has no recipe")
	}
	cfg := Config{
		Epochs: r.Epochs, Batch: r.Batch, LearningRate: r.LearningRate,
		WeightDecay: r.WeightDecay, ClassifierL2: r.ClassifierL2, MaxGradNorm: r.MaxGradNorm,
	}
	var err error
	if cfg.Optimizer, err = ParseOptimizer(r.Optimizer); err != nil {
		return cfg, err
	}
	if cfg.Schedule, err = ParseSchedule(r.Schedule); err != nil {
		return cfg, err
	}
	return cfg, cfg.Check()
}
