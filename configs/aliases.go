package configs

// aliases leads from the names that other frameworks give a setting, as they
// stand in their files, to ours. They are only suggested, never accepted: a
// file means one thing.
var aliases = map[string]string{
	// Sections.
	"optimizer": "optim", "optimiser": "optim", "optimization": "optim",
	"training": "train", "trainer": "train", "run": "train",
	"dataset": "data", "datasets": "data", "dataloader": "loader", "data_loader": "loader",
	"tokeniser":    "tokenizer",
	"checkpointer": "checkpoint", "checkpoints": "checkpoint", "ckpt": "checkpoint",
	"network": "model", "architecture": "model",

	// Shape.
	"n_embd": "model.hidden_size", "n_embed": "model.hidden_size", "d_model": "model.hidden_size",
	"dim": "model.hidden_size", "hidden_dim": "model.hidden_size", "embed_dim": "model.hidden_size",
	"n_layer": "model.num_hidden_layers", "n_layers": "model.num_hidden_layers",
	"num_layers": "model.num_hidden_layers", "depth": "model.num_hidden_layers",
	"n_head": "model.num_attention_heads", "n_heads": "model.num_attention_heads",
	"num_heads": "model.num_attention_heads",
	"ffn_dim":   "model.intermediate_size", "ffn_hidden_size": "model.intermediate_size",
	"ffn_size": "model.intermediate_size", "d_ff": "model.intermediate_size",
	"n_vocab": "model.vocab_size", "padded_vocab_size": "model.vocab_size",
	"position_embedding_type": "model.position", "pos_emb": "model.position",
	"rope_base": "model.rope_theta", "rotary_base": "model.rope_theta",
	"max_position_embeddings": "model.model_max_length", "n_positions": "model.model_max_length",
	"n_ctx": "model.model_max_length", "context_length": "model.model_max_length",
	"norm_eps": "model.rms_norm_eps", "layer_norm_eps": "model.rms_norm_eps",
	"init_std": "model.initializer_range", "initializer_std": "model.initializer_range",

	// Optimizer.
	"lr": "optim.learning_rate", "max_lr": "optim.learning_rate", "peak_lr": "optim.learning_rate",
	"base_lr": "optim.learning_rate", "adam_beta1": "optim.beta1", "beta_1": "optim.beta1",
	"adam_beta2": "optim.beta2", "beta_2": "optim.beta2", "betas": "optim.beta1",
	"adam_epsilon": "optim.epsilon", "adam_eps": "optim.epsilon", "eps": "optim.epsilon",
	"wd": "optim.weight_decay", "grad_clip": "optim.max_grad_norm", "clip_grad": "optim.max_grad_norm",
	"clip_grad_norm": "optim.max_grad_norm", "gradient_clipping": "optim.max_grad_norm",
	"max_norm": "optim.max_grad_norm", "clip": "optim.max_grad_norm",
	"lr_scheduler": "optim.lr_scheduler_type", "scheduler": "optim.lr_scheduler_type",
	"lr_schedule": "optim.lr_scheduler_type", "lr_decay_style": "optim.lr_scheduler_type",
	"lr_scheduler_name": "optim.lr_scheduler_type", "lr_schedule_type": "optim.lr_scheduler_type",
	"lr_policy": "optim.lr_scheduler_type",
	"warmup":    "optim.warmup_steps", "warmup_iters": "optim.warmup_steps",
	"num_warmup_steps": "optim.warmup_steps", "lr_warmup_steps": "optim.warmup_steps",
	"min_lr": "optim.min_lr_ratio", "min_lr_rate": "optim.min_lr_ratio", "num_decay_steps": "optim.lr_decay_steps",
	"decay_type": "optim.lr_decay_type", "adjust_lr_fn": "optim.muon_lr_scale", "ns_steps": "optim.muon_ns_steps",
	"freeze_layers": "optim.freeze", "frozen": "optim.freeze", "param_groups": "optim.groups", "optim_type": "optim.optimizer",
	"min_learning_rate": "optim.min_lr_ratio", "lr_min": "optim.min_lr_ratio",

	// Batch and length of the run.
	"micro_batch_size": "train.per_device_train_batch_size", "batch_size": "train.per_device_train_batch_size",
	"train_batch_size": "train.per_device_train_batch_size", "device_batch_size": "train.per_device_train_batch_size",
	"grad_accum": "train.gradient_accumulation_steps", "grad_accum_steps": "train.gradient_accumulation_steps",
	"grad_accumulation_steps": "train.gradient_accumulation_steps", "accumulate_grad_batches": "train.gradient_accumulation_steps",
	"max_seq_len": "train.sequence_length", "max_seq_length": "train.sequence_length",
	"cutoff_len": "train.sequence_length", "sequence_len": "train.sequence_length",
	"seq_len": "train.sequence_length", "seq_length": "train.sequence_length",
	"max_length": "train.sequence_length", "block_size": "train.sequence_length",
	"train_steps": "train.max_steps", "num_steps": "train.max_steps", "steps": "train.max_steps",
	"max_iters": "train.max_steps", "total_steps": "train.max_steps", "num_iterations": "train.max_steps",
	"epochs": "train.num_train_epochs", "num_epochs": "train.num_train_epochs", "max_epochs": "train.num_train_epochs",
	"n_epochs": "train.num_train_epochs", "num_train_epochs": "train.num_train_epochs", "train_epochs": "train.num_train_epochs",
	"max_z_loss": "train.z_loss_weight", "z_loss": "train.z_loss_weight", "zloss": "train.z_loss_weight",
	"gradient_checkpointing": "train.recompute", "activation_checkpointing": "train.recompute",
	"recompute_activations": "train.recompute",
	"num_threads":           "train.threads", "n_threads": "train.threads", "omp_num_threads": "train.threads",
	"log_interval": "train.logging_steps", "log_every": "train.logging_steps", "log_every_n_steps": "train.logging_steps",
	"eval_interval": "train.eval_steps", "eval_every": "train.eval_steps", "run_val_every_n_steps": "train.eval_steps",
	"out_dir": "train.output_dir", "save_dir": "train.output_dir", "output": "train.output_dir",
	"random_seed": "train.seed",
	"base_model":  "train.model_name_or_path", "checkpoint_dir": "train.model_name_or_path",
	"pretrained_model_name_or_path": "train.model_name_or_path", "init_from": "train.model_name_or_path",
	"resume": "train.resume_from_checkpoint", "resume_from": "train.resume_from_checkpoint",
	"auto_resume_from_checkpoints": "train.resume_from_checkpoint",
	"data_dir":                     "train.dataset_dir", "data_path": "train.dataset_dir", "train_data": "train.dataset_dir",
	"tokenized_path": "train.dataset_dir", "dataset_path": "train.dataset_dir",

	// Checkpoints and data.
	"save_interval": "checkpoint.save_steps", "save_every": "checkpoint.save_steps",
	"checkpoint_interval": "checkpoint.save_steps", "ckpt_interval": "checkpoint.save_steps",
	"checkpointing_steps": "checkpoint.save_steps",
	"keep_last":           "checkpoint.save_total_limit", "max_checkpoints": "checkpoint.save_total_limit",
	"save_weights_only": "checkpoint.save_only_model",
	"prefetch_factor":   "loader.prefetch", "data_seed": "loader.seed",
	"val_size": "data.validation_fraction", "val_set_size": "data.validation_fraction",
	"val_split": "data.validation_fraction", "test_size": "data.validation_fraction",
	"packing": "data.pack.method", "sample_packing": "data.pack.method",
	"preprocessing_num_workers": "data.workers", "dataset_num_proc": "data.workers",
	"minhash_threshold": "data.dedup.threshold", "num_bands": "data.dedup.bands",
}

// retired says for settings that were there once, and that no alias leads on from,
// what to do instead.
var retired = map[string]string{
	"loader.split": "a training run reads the training split, so leave it out",
}
