package train

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/zoo"
)

// Every entry of the zoo has a recipe that Run takes, each field with its source.
func TestFromRecipe(t *testing.T) {
	entries, err := zoo.List("*")
	require.NoError(t, err)
	for _, e := range entries {
		cfg, err := FromRecipe(e.Recipe)
		require.NoError(t, err, e.Name)
		require.Equal(t, Config{
			Epochs: e.Recipe.Epochs, Batch: 16, LearningRate: e.Recipe.LearningRate, WeightDecay: e.Recipe.WeightDecay, ClassifierL2: e.Recipe.ClassifierL2,
			Optimizer: Adam{0.9, 0.999, 1e-8}, Schedule: cfg.Schedule,
		}, cfg, e.Name)
		features := e.Recipe.Width == 0 // are taken as they are
		for _, field := range reflect.VisibleFields(reflect.TypeOf(*e.Recipe)) {
			if !slices.Contains([]string{"Code", "Published", "From"}, field.Name) {
				require.NotEmpty(t, e.Recipe.From[field.Name], "%s of %s", field.Name, e.Name)
			}
		}
		require.Equal(t, features, e.Recipe.Frames == 0, e.Name)
		require.Equal(t, features, e.Recipe.Height == 0, e.Name)
		require.Equal(t, features, e.Recipe.Sample == "", e.Name)
	}
	for text, change := range map[string]func(r *zoo.Recipe){
		`train: no optimizer is called "adma"; did you mean "adam"?`:       func(r *zoo.Recipe) { r.Optimizer = "adma" },
		`train: schedule "step:1" has 1 settings; want step:EPOCHS:FACTOR`: func(r *zoo.Recipe) { r.Schedule = "step:1" },
		"train: Epochs is 0; want at least 1":                              func(r *zoo.Recipe) { r.Epochs = 0 },
	} {
		r := *entries[0].Recipe
		change(&r)
		_, err := FromRecipe(&r)
		require.ErrorContains(t, err, text)
	}
	_, err = FromRecipe(zoo.Entry{Name: "mine"}.Recipe)
	require.EqualError(t, err, "train: the model has no recipe")
}
